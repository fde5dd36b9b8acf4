//! `quota:`, as it is written.

use super::{Entries, Faults};
use deserr::Deserr;
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// vCPUs and clusters that the subscription may have in the cluster's region. What is left out is without limit.
#[derive(Debug, Default, Deserr, JsonSchema)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuotaSpec {
    /// Regular vCPUs of all VM families together: `cores` of `az vm list-usage`.
    #[deserr(default, rename = "regionalVCPUs")]
    #[schemars(rename = "regionalVCPUs")]
    pub regional_vcpus: Option<u32>,
    /// Regular vCPUs by family, by the names of `az vm list-usage`, such as `standardDSv5Family`.
    #[deserr(default)]
    #[schemars(with = "Option<BTreeMap<String, u32>>")]
    pub families: Option<Entries<u32>>,
    /// Spot vCPUs of all families together: `lowPriorityCores` of `az vm list-usage`.
    #[deserr(default, rename = "spotVCPUs")]
    #[schemars(rename = "spotVCPUs")]
    pub spot_vcpus: Option<u32>,
    /// Managed clusters, for an operation that creates this one.
    #[deserr(default)]
    pub managed_clusters: Option<u32>,
    /// Managed clusters that are there besides this one; 0 unless given.
    #[deserr(default)]
    pub other_managed_clusters: Option<u32>,
}
