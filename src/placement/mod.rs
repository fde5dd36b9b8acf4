//! STUB.
#![allow(missing_docs)]
use crate::cluster::NodeInfo;
use crate::scenario::plan::PodTemplate;
pub struct PodView<'a> {
    pub template: &'a PodTemplate,
    pub pinned: Option<&'a str>,
}
pub fn daemon_should_run(_p: &PodView<'_>, _n: &NodeInfo) -> bool {
    true
}
