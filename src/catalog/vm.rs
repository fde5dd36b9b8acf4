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
    fn burstable_sizes_start_with_thirty_credits_a_vcpu() {
        for size in load().values() {
            assert_eq!(size.burst.is_some(), size.family == VmFamily::B, "{}", size.name);
            if let Some(burst) = size.burst {
                assert_eq!(burst.initial_credits, 30 * size.vcpus, "{}", size.name);
            }
        }
    }
}
