//! Names that Azure and its drivers make up. The random parts are hashes of what they name: the same in every run.

use crate::kernel::stable_hash;

/// 32 hexadecimal digits.
pub(super) fn hex(identity: &str) -> String {
    let half = |part: &str| stable_hash(format!("{part} of {identity}").as_bytes());
    format!("{:016x}{:016x}", half("first half"), half("second half"))
}

/// A random UUID: 32 hexadecimal digits, of which two say that it is random.
pub(super) fn uuid(identity: &str) -> String {
    let hex = hex(identity);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// The managed OS disk of an instance: the first 20 characters of the scale set, the first 21 of the instance's name in the scale
/// set, `OS__1_` and 32 digits. Observed on clusters in use (such as `aks-flink-18610949-vaks-flink-18610949-vmOS__1_48155e35…`), not
/// documented.
pub(super) fn os_disk(scale_set: &str, instance: u32) -> String {
    let whole = format!("{scale_set}_{instance}");
    let (set, one) = (&scale_set[..scale_set.len().min(20)], &whole[..whole.len().min(21)]);
    format!("{set}{one}OS__1_{}", hex(&whole))
}

/// The storage account that a driver makes for shares or containers: its prefix filled up to 23 characters with digits. Source:
/// cloud-provider-azure, `EnsureStorageAccount`.
pub(super) fn storage_account(prefix: &str, identity: &str) -> String {
    let digits = hex(identity);
    format!("{prefix}{}", &digits[..23 - prefix.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_form_that_is_seen_on_clusters() {
        let disk = os_disk("aks-flink-18610949-vmss", 12);
        assert!(disk.starts_with("aks-flink-18610949-vaks-flink-18610949-vmOS__1_"), "{disk}");
        assert!(os_disk("aks-a-18610949-vmss", 3).starts_with("aks-a-18610949-vmssaks-a-18610949-vmss_3OS__1_"));
        let lengths: Vec<usize> = uuid("x").split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(storage_account("fuse", "x").len(), 23);
    }
}
