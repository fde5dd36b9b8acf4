//! vCPU quota: which family a VM size counts for.

use super::VmSize;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const DATA: &str = include_str!("data/quota-families.csv");

#[derive(Deserialize)]
struct Row {
    series: String,
    family: String,
}

/// The family of each series.
fn families() -> &'static BTreeMap<String, String> {
    static FAMILIES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    FAMILIES.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        let rows =
            reader.deserialize::<Row>().map(|row| row.unwrap_or_else(|error| panic!("quota-families.csv: {error}")));
        rows.map(|row| (row.series, row.family)).collect()
    })
}

impl VmSize {
    /// The name of the quota that the size's vCPUs count for, as `az vm list-usage` prints it: `standardDSv5Family`.
    ///
    /// # Panics
    /// When the catalogue has no family for the series: a mistake of ours that a test would have found.
    #[must_use]
    pub fn quota_family(&self) -> &'static str {
        families().get(&self.series).unwrap_or_else(|| panic!("quota-families.csv: no row {}", self.series))
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;

    #[test]
    fn every_size_counts_for_a_family_of_its_own_series() {
        for size in Catalog::get().vm_sizes() {
            assert!(size.quota_family().ends_with("Family"), "{}", size.name);
        }
        let family = |name: &str| Catalog::get().vm_size(name).unwrap().quota_family();
        assert_eq!(family("Standard_D4s_v5"), "standardDSv5Family");
        assert_eq!(family("Standard_B2ms"), "standardBSFamily");
        assert_eq!(family("Standard_D4ds_v5"), "standardDDSv5Family");
    }
}
