//! Kubernetes quantities (`250m`, `1.5Gi`) as integers, rounded up as the API server rounds them.

use crate::units::{Bytes, MilliCpu};
use kube_quantity::ParsedQuantity;

/// An amount of CPU; `None` unless the text is a quantity of at least 0.
pub fn cpu(text: &str) -> Option<MilliCpu> {
    rounded_up(text, 1000.0).map(MilliCpu::from_millis)
}

/// An amount of memory or storage; `None` unless the text is a quantity of at least 0.
pub fn bytes(text: &str) -> Option<Bytes> {
    count(text).map(Bytes::new)
}

/// A number of indivisible things; `None` unless the text is a quantity of at least 0.
pub fn count(text: &str) -> Option<u64> {
    rounded_up(text, 1.0)
}

/// The quantity times `factor`, rounded up to a whole number.
fn rounded_up(text: &str, factor: f64) -> Option<u64> {
    // kube_quantity reads a bare suffix as zero, and "inf" as a number; the API server refuses both.
    let digits = text.trim_start_matches(['+', '-']);
    if text.len() - digits.len() > 1 || !digits.trim_start_matches('.').starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // The crate's integer getters cut fractions off before they scale (1.5Gi becomes 1Gi), so the float is taken. It is
    // exact up to 2^53; a result within a millionth of a whole number differs from it by the float's own rounding.
    let exact = ParsedQuantity::try_from(text).ok()?.to_bytes_f64()? * factor;
    let whole = exact.round();
    let result = if (exact - whole).abs() < 1e-6 { whole } else { exact.ceil() };
    (0.0..9.0e18).contains(&result).then_some(result as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_to_the_unit_and_rounded_up() {
        for (text, millis) in
            [("1", 1000), ("250m", 250), ("0.1", 100), ("7m", 7), ("0.5m", 1), ("1500u", 2), ("0", 0), ("2e1", 20_000)]
        {
            assert_eq!(cpu(text), Some(MilliCpu::from_millis(millis)), "{text}");
        }
        for (text, size) in
            [("128974848", 128_974_848), ("129M", 129_000_000), ("123Mi", 128_974_848), ("1.5Gi", 3 << 29)]
        {
            assert_eq!(bytes(text), Some(Bytes::new(size)), "{text}");
        }
    }

    #[test]
    fn what_the_api_server_refuses_is_refused() {
        for text in ["", "lots", "1 Gi", "Mi", "inf", "nan", "-1", "--1", "1GB", "0x10", "1Gi ", " 1"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
