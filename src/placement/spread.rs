//! What filter and score of PodTopologySpread share: which constraints a pod has, and which pods and nodes count.

use super::filter::{node_affinity, taint_toleration};
use super::{Cycle, PodView};
use crate::cluster::{NodeInfo, Templates};
use crate::scenario::plan::{LabelSelector, PodTemplate, SpreadDefaults, TopologySpreadConstraint};

/// The label by which a constraint spreads over hosts.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// The label by which a constraint spreads over zones.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A spread constraint in effect for a pod.
#[derive(Clone, Copy, Debug)]
pub struct Constraint<'a> {
    /// How far apart domains may be.
    pub max_skew: u32,
    /// The label whose values make the domains.
    pub key: &'a str,
    /// Which pods count; `None` for none.
    pub selector: Option<&'a LabelSelector>,
    /// With fewer domains than this the emptiest counts as empty.
    pub min_domains: u32,
    /// Nodes that the pod's selector and affinity leave out do not count.
    pub honors_affinity: bool,
    /// Nodes with taints that the pod does not tolerate do not count.
    pub honors_taints: bool,
}

/// The constraints of a pod, hard or soft ones.
#[derive(Clone, Debug)]
pub struct Constraints<'a> {
    /// In the order in which they are written.
    pub list: Vec<Constraint<'a>>,
    /// True for the constraints that Kubernetes gives to pods which have none: nodes need not carry every label.
    pub by_default: bool,
}

impl<'a> Constraints<'a> {
    /// The constraints of the pod with `whenUnsatisfiable: DoNotSchedule` (`hard`) or `ScheduleAnyway`.
    ///
    /// A pod that has any constraint of its own gets no default ones, and neither does one that no Service and no controller selects.
    #[must_use]
    pub fn of(cycle: &Cycle<'a>, hard: bool) -> Self {
        let pod = cycle.template();
        let own = |one: &'a TopologySpreadConstraint| Constraint {
            max_skew: one.max_skew,
            key: &one.topology_key,
            selector: one.selector.as_ref(),
            min_domains: one.min_domains,
            honors_affinity: one.honors_affinity,
            honors_taints: one.honors_taints,
        };
        if !pod.topology_spread.is_empty() {
            let list = pod.topology_spread.iter().filter(|one| one.hard == hard).map(own).collect();
            return Self { list, by_default: false };
        }
        let selector = pod.default_spread.as_ref();
        match &cycle.profile.spread_defaults {
            _ if selector.is_none() => Self { list: Vec::new(), by_default: false },
            SpreadDefaults::Aks if cycle.rules.aks_spreads_over_zones => {
                let list = if hard { Vec::new() } else { vec![by_default(ZONE, 1, selector)] };
                Self { list, by_default: false }
            }
            SpreadDefaults::System | SpreadDefaults::Aks => {
                let list = if hard { Vec::new() } else { system_defaults(selector).to_vec() };
                Self { list, by_default: true }
            }
            SpreadDefaults::List(list) => {
                let of_pod = |one| Constraint { selector, ..own(one) };
                Self { list: list.iter().filter(|one| one.hard == hard).map(of_pod).collect(), by_default: false }
            }
        }
    }

    /// True when the node carries the label of every constraint.
    #[must_use]
    pub fn has_all_keys(&self, node: &NodeInfo) -> bool {
        self.list.iter().all(|constraint| node.labels.contains_key(constraint.key))
    }
}

/// Kubernetes' own default constraints. Source: kube-scheduler 1.31 to 1.36, PodTopologySpread, `systemDefaultConstraints`.
fn system_defaults(selector: Option<&LabelSelector>) -> [Constraint<'_>; 2] {
    [(HOSTNAME, 3), (ZONE, 5)].map(|(key, max_skew)| by_default(key, max_skew, selector))
}

fn by_default<'a>(key: &'a str, max_skew: u32, selector: Option<&'a LabelSelector>) -> Constraint<'a> {
    Constraint { max_skew, key, selector, min_domains: 1, honors_affinity: true, honors_taints: false }
}

impl Constraint<'_> {
    /// True when pods on the node count.
    #[must_use]
    pub fn counts_node(&self, pod: &PodView<'_>, node: &NodeInfo) -> bool {
        (!self.honors_affinity || node_affinity::admits(pod, node))
            && (!self.honors_taints || taint_toleration::untolerated(pod, node).is_none())
    }

    /// True when pods of this template count, seen from a pod of `of`. A selector without requirements counts none.
    #[must_use]
    pub fn counts(&self, of: &PodTemplate, other: &PodTemplate) -> bool {
        let selects = |selector: &LabelSelector| !selector.requirements.is_empty() && selector.matches(&other.labels);
        of.namespace == other.namespace && self.selector.is_some_and(selects)
    }

    /// True when a pod of this template is one that the constraint is about, seen from a pod of `of`.
    #[must_use]
    pub fn selects(&self, of: &PodTemplate, other: &PodTemplate) -> bool {
        of.namespace == other.namespace && self.selector.is_some_and(|selector| selector.matches(&other.labels))
    }

    /// True when the pod itself would add to the count of its domain.
    #[must_use]
    pub fn matches_itself(&self, pod: &PodTemplate) -> bool {
        self.selector.is_some_and(|selector| selector.matches(&pod.labels))
    }

    /// The pods on the node that count: of the right namespace and labels, not terminating.
    #[must_use]
    pub fn matching_pods(&self, of: &PodTemplate, node: &NodeInfo, templates: &dyn Templates) -> i64 {
        let counted = node.pods.iter().filter(|group| self.counts(of, templates.template(group.workload)));
        counted.map(|group| i64::from(group.pods - group.terminating)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::KubernetesVersion;
    use crate::placement::Rules;
    use crate::scenario::plan::SchedulerPlan;

    /// azure-aks-docs, reliability-zone-resiliency-recommendations.md, 2026-06-05.
    #[test]
    fn aks_spreads_over_zones_from_1_33_and_as_kubernetes_does_before() {
        let pod = PodTemplate { default_spread: Some(LabelSelector::default()), ..PodTemplate::default() };
        let constraints = |minor, spread_defaults| {
            let profile = SchedulerPlan { spread_defaults, ..SchedulerPlan::default() };
            let cycle = Cycle {
                pod: PodView::of(&pod),
                nodes: &[],
                templates: &vec![pod.clone()],
                profile: &profile,
                rules: Rules::of(KubernetesVersion::minor(minor)),
            };
            let soft = Constraints::of(&cycle, false);
            soft.list.iter().map(|one| (one.key.to_owned(), one.max_skew)).collect::<Vec<_>>()
        };
        let upstream = vec![(HOSTNAME.to_owned(), 3), (ZONE.to_owned(), 5)];
        assert_eq!(constraints(32, SpreadDefaults::Aks), upstream);
        assert_eq!(constraints(33, SpreadDefaults::Aks), [(ZONE.to_owned(), 1)]);
        assert_eq!(constraints(33, SpreadDefaults::System), upstream);
    }
}
