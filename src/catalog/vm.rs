//! VM sizes: what one instance has.

use crate::units::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;

const DATA: &str = include_str!("data/vm-sizes.csv");

/// A VM size.
#[derive(Clone, Debug, PartialEq)]
pub struct VmSize {
    /// Azure's name, such as `Standard_B4ms`.
    pub name: String,
    /// Series, such as `Bv1`.
    pub series: String,
    /// Family, the first letter.
    pub family: VmFamily,
    /// Processor architecture.
    pub arch: Arch,
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Nominal memory.
    pub memory: Bytes,
    /// Local temporary disk; zero when the size has none.
    pub temp_disk: Bytes,
    /// Host cache, where it is documented.
    pub cache_disk: Option<Bytes>,
    /// Most data disks.
    pub max_data_disks: u32,
    /// Most network interfaces.
    pub max_nics: u32,
    /// Network bandwidth in Mbps, where it is documented.
    pub network_mbps: Option<u32>,
    /// Accelerated networking.
    pub accelerated_networking: bool,
    /// Credits of a burstable size.
    pub burst: Option<BurstSpec>,
    /// Where the figures come from: repository@commit:path.
    pub source: String,
}

impl VmSize {
    /// True when premium disks can be attached and the OS disk may be ephemeral: the additive feature letter `s` of Azure's naming
    /// convention. Av2, Dv2 and Dv3 lack it. Source: azure-compute-docs, av2-series.md and dv3-series.md, 2024-07-29.
    #[must_use]
    pub fn has_premium_storage(&self) -> bool {
        let features = self.name.strip_prefix("Standard_").unwrap_or(&self.name).split('_').next();
        features.is_some_and(|letters| letters.contains(['s', 'S']))
    }

    /// The baseline of a burstable size in per cent of the whole VM, for tables; a credit is one vCPU for one minute.
    #[must_use]
    pub fn baseline_percent(&self) -> Option<f64> {
        self.burst.map(|burst| f64::from(burst.credits_per_hour) / 60.0 / f64::from(self.vcpus) * 100.0)
    }
}

/// The credits of a burstable size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurstSpec {
    /// Credits at the first start.
    pub initial_credits: u32,
    /// Credits earned in an idle hour; a sixtieth of it is the baseline in vCPUs.
    pub credits_per_hour: u32,
    /// The most that can be banked: 24 hours of idle earning. For B8ms, B12ms and B20ms Azure's page has figures that are off from
    /// this by a slip or by rounding.
    pub max_banked_credits: u32,
}

/// The first letter of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum VmFamily {
    /// Entry level, development and test.
    A,
    /// Burstable.
    B,
    /// General purpose.
    D,
    /// Memory optimised.
    E,
    /// Compute optimised.
    F,
}

impl std::str::FromStr for VmFamily {
    type Err = super::UnknownName;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_uppercase().as_str() {
            "A" => Ok(Self::A),
            "B" => Ok(Self::B),
            "D" => Ok(Self::D),
            "E" => Ok(Self::E),
            "F" => Ok(Self::F),
            _ => Err(super::UnknownName::new(text, "A, B, D, E or F")),
        }
    }
}

/// Processor architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    X64,
    /// 64-bit Arm.
    Arm64,
}

impl Arch {
    /// The value of the label `kubernetes.io/arch`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::X64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// A row of the file, as it is written there.
#[derive(Deserialize)]
struct Row {
    name: String,
    series: String,
    family: VmFamily,
    arch: Arch,
    vcpus: u32,
    memory_gib: f64,
    temp_disk_gib: u64,
    cache_disk_gib: Option<u64>,
    max_data_disks: u32,
    max_nics: u32,
    network_mbps: Option<u32>,
    accelerated_networking: bool,
    burstable: bool,
    initial_credits: Option<u32>,
    credits_per_hour: Option<u32>,
    source: String,
}

/// Reads the embedded file.
pub(super) fn load() -> BTreeMap<String, VmSize> {
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    let rows = reader.deserialize::<Row>().map(|row| row.unwrap_or_else(|error| panic!("vm-sizes.csv: {error}")));
    rows.map(|row| (row.name.clone(), size(row))).collect()
}

fn size(row: Row) -> VmSize {
    let burst = row.burstable.then(|| {
        let credits_per_hour =
            row.credits_per_hour.unwrap_or_else(|| panic!("vm-sizes.csv: {} has no credits", row.name));
        let initial_credits =
            row.initial_credits.unwrap_or_else(|| panic!("vm-sizes.csv: {} has no credits", row.name));
        BurstSpec { initial_credits, credits_per_hour, max_banked_credits: 24 * credits_per_hour }
    });
    VmSize {
        name: row.name,
        series: row.series,
        family: row.family,
        arch: row.arch,
        vcpus: row.vcpus,
        memory: Bytes::new((row.memory_gib * f64::from(1u32 << 30)) as u64),
        temp_disk: Bytes::from_gib(row.temp_disk_gib),
        cache_disk: row.cache_disk_gib.map(Bytes::from_gib),
        max_data_disks: row.max_data_disks,
        max_nics: row.max_nics,
        network_mbps: row.network_mbps,
        accelerated_networking: row.accelerated_networking,
        burst,
        source: row.source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_read_with_its_source() {
        let sizes = load();
        assert_eq!(sizes.len(), 231);
        assert!(sizes.values().all(|size| size.source.contains('@') && size.vcpus > 0 && !size.memory.is_zero()));
        let b4ms = &sizes["Standard_B4ms"];
        assert_eq!((b4ms.vcpus, b4ms.memory), (4, Bytes::from_gib(16)));
    }

    #[test]
    fn burstable_sizes_start_with_thirty_credits_a_vcpu_and_bank_a_day_of_them() {
        let sizes = load();
        assert_eq!(sizes.values().filter(|size| size.burst.is_some()).count(), 41);
        for size in sizes.values() {
            assert_eq!(size.burst.is_some(), size.family == VmFamily::B, "{}", size.name);
            if let Some(burst) = size.burst {
                assert_eq!(burst.initial_credits, 30 * size.vcpus, "{}", size.name);
                assert_eq!(burst.max_banked_credits, 24 * burst.credits_per_hour, "{}", size.name);
                assert!(burst.initial_credits <= burst.max_banked_credits, "{}", size.name);
            }
        }
    }

    /// The pages round B8ms to B20ms to 17 %; the exact figure follows from the credits.
    #[test]
    fn the_baseline_follows_from_the_credits() {
        let sizes = load();
        for (name, percent) in [
            ("Standard_B2s", 20.0),
            ("Standard_B2ms", 30.0),
            ("Standard_B4ms", 22.5),
            ("Standard_B8ms", 16.875),
            ("Standard_B4s_v2", 40.0),
            ("Standard_B4ls_v2", 30.0),
            ("Standard_B2ts_v2", 20.0),
        ] {
            let baseline = sizes[name].baseline_percent().unwrap();
            assert!((baseline - percent).abs() < 1e-9, "{name}: {baseline}");
        }
        assert_eq!(sizes["Standard_D4s_v5"].baseline_percent(), None);
    }

    #[test]
    fn the_letter_s_stands_for_premium_storage() {
        let sizes = load();
        for (name, premium) in [
            ("Standard_A4_v2", false),
            ("Standard_A4m_v2", false),
            ("Standard_D3_v2", false),
            ("Standard_D4_v3", false),
            ("Standard_D4s_v3", true),
            ("Standard_DS2_v2", true),
            ("Standard_B4ms", true),
            ("Standard_B2ts_v2", true),
            ("Standard_D4pds_v6", true),
        ] {
            if let Some(size) = sizes.get(name) {
                assert_eq!(size.has_premium_storage(), premium, "{name}");
            }
        }
    }
}
