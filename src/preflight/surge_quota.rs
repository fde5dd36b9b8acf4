//! Whether the subscription's vCPU quota has room for an operation at its peak.
//!
//! A VM has to fit the quota of the region and that of its family; deallocated ones count, spot has a quota of its own. Sources:
//! azure-docs, quotas.md, 2023-02-15, and spot-vms.md, 2020-10-05; support articles for AKS, quota-exceeded-error.md, 2024-09-16.

use super::peak::{Peak, grows};
use super::{Check, Course, Finding, Subject, Verdict};
use crate::catalog::VmSize;
use crate::scenario::plan::{OperationKind, QuotaPlan};

/// The check.
pub const CHECK: Check = Check { name: "surge-quota", run };

fn run(course: &Course<'_>) -> Vec<Finding> {
    let limits = &course.plan.quota;
    let mut findings = Vec::new();
    if course.start.existing().any(|(pool, _)| !course.pool(pool).is_brought()) {
        let subject = Subject::part("cluster");
        let less = "a smaller count or VM size";
        findings.push(judge(course, &subject, (limits, less), |each| Peak::of_deployment(course, each)));
    }
    for step in course.looked_at().filter(|step| grows(step)) {
        let subject = Subject::of(step);
        let less = match step.kind {
            OperationKind::Upgrade { .. } | OperationKind::Rollback { .. } => "a smaller maxSurge, or maxUnavailable",
            OperationKind::Scale { .. } | OperationKind::AddPool { .. } => "a smaller count",
            OperationKind::Migrate { .. } => "a smaller new pool, scaled out when the old one is gone",
            _ => "fewer nodes",
        };
        let full = judge(course, &subject, (limits, less), |each| Peak::of_step(course, step, each));
        let least = || {
            let peak = |each: &dyn Fn(usize) -> u64| {
                let least = Peak::least_of_upgrade(course, step, each);
                least.unwrap_or_else(|| Peak::of_step(course, step, each))
            };
            judge(course, &subject, (limits, less), peak)
        };
        findings.push(if full.verdict == Verdict::Fail && least().verdict != Verdict::Fail {
            let reason =
                format!("{}; the upgrade goes on with one surge node, or in place with maxUnavailable", full.reason);
            subject.risk(reason, full.remedy)
        } else {
            full
        });
    }
    findings
}

/// One quota and what it is asked for.
struct Demand {
    name: String,
    limit: Option<u32>,
    peak: Peak,
}

/// Compares every quota with what it is asked for; with them goes what would need less.
fn judge(
    course: &Course<'_>,
    subject: &Subject,
    (limits, less): (&QuotaPlan, &str),
    peak: impl Fn(&dyn Fn(usize) -> u64) -> Peak,
) -> Finding {
    let size = |pool: usize| course.pool(pool).scale_set.as_ref().map(|scale_set| scale_set.vm);
    let of = |wanted: &dyn Fn(usize, &'static VmSize) -> bool| {
        peak(&|pool: usize| size(pool).filter(|vm| wanted(pool, vm)).map_or(0, |vm| vm.vcpus.into()))
    };
    let is_spot = |pool: usize| course.pool(pool).spot;
    let mut demands = vec![
        Demand { name: "regional".into(), limit: limits.regional, peak: of(&|pool, _| !is_spot(pool)) },
        Demand { name: "spot".into(), limit: limits.spot, peak: of(&|pool, _| is_spot(pool)) },
    ];
    let families: std::collections::BTreeSet<&'static str> =
        (0..course.plan.cluster.pools.len()).filter_map(size).map(VmSize::quota_family).collect();
    for name in families {
        let limit = limits.families.get(name).copied();
        demands.push(Demand {
            name: name.into(),
            limit,
            peak: of(&|pool, vm| !is_spot(pool) && vm.quota_family() == name),
        });
    }
    demands.retain(|demand| demand.peak.most > 0);
    let exceeded = |needed: fn(&Peak) -> u64| -> Vec<String> {
        let over =
            demands.iter().filter(|demand| demand.limit.is_some_and(|limit| needed(&demand.peak) > limit.into()));
        over.map(|demand| {
            let limit = demand.limit.unwrap_or_default();
            format!("{} vCPUs of {limit} in quota {}", needed(&demand.peak), demand.name)
        })
        .collect()
    };
    let now = exceeded(|peak| peak.present);
    let later = exceeded(|peak| peak.most);
    if !now.is_empty() {
        let reason = format!("QuotaExceeded: needs {}", now.join(", "));
        return subject.fail(reason, format!("raise the quota, or need less at once: {less}"));
    }
    if !later.is_empty() {
        let reason = format!("may need {} when pools are at their largest", later.join(", "));
        return subject.risk(reason, "raise the quota, or lower maxCount");
    }
    let needed = |demand: &Demand| {
        let limit = demand.limit.map_or_else(String::new, |limit| format!(" of {limit}"));
        let most = demand.peak.most;
        let most = if most > demand.peak.present { format!(" (at most {most})") } else { String::new() };
        format!("{}{limit} {}{most}", demand.peak.present, demand.name)
    };
    let given: Vec<String> = demands.iter().filter(|demand| demand.limit.is_some()).map(needed).collect();
    if given.is_empty() {
        let all: Vec<String> = demands.iter().map(needed).collect();
        return subject.pass(format!("needs vCPUs: {}; no quota given", all.join(", ")));
    }
    subject.pass(format!("needs vCPUs: {}", given.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::testing::{operations, plan, pool, version};
    use crate::preflight::Verdict::{self, Fail, Pass, Risk};
    use crate::scenario::plan::{AutoscalingRange, IntOrPercent, OperationKind};
    use std::sync::Arc;

    /// Twelve nodes and four surge nodes of a size with two vCPUs or so; as many again for the autoscaler.
    fn check(limits: QuotaPlan, most: Option<u32>, expected: Verdict, part: &str) {
        let mut apps = pool("apps", 12);
        apps.upgrade.max_surge = IntOrPercent::Percent(33);
        apps.autoscaling = most.map(|max| AutoscalingRange { min: 1, max });
        let mut plan = plan(vec![apps]);
        plan.operations = operations(vec![OperationKind::Upgrade {
            version: Some(version(35)),
            pools: vec![0],
            force: false,
            whole_cluster: false,
        }]);
        let plan = Arc::new(plan);
        let course = Course::of(&plan);
        let step = &course.steps[0];
        let found = judge(&course, &Subject::of(step), (&limits, ""), |each| Peak::of_step(&course, step, each));
        assert_eq!(found.verdict, expected, "{limits:?}: {}", found.reason);
        assert!(found.reason.contains(part), "{}", found.reason);
    }

    #[test]
    fn surge_nodes_must_fit_the_quota_of_the_region_and_that_of_the_family() {
        let vm = crate::cluster::testing::vm_size();
        let (each, family) = (vm.vcpus, vm.quota_family());
        let regional = |nodes: u32| QuotaPlan { regional: Some(nodes * each), ..QuotaPlan::default() };
        check(QuotaPlan::default(), None, Pass, "no quota given");
        check(regional(16), None, Pass, &format!("{} of {} regional", 16 * each, 16 * each));
        check(regional(15), None, Fail, "QuotaExceeded");
        let of_family = QuotaPlan { families: [(family, 15 * each)].into(), ..QuotaPlan::default() };
        check(of_family, None, Fail, family);
        check(QuotaPlan { spot: Some(0), ..QuotaPlan::default() }, None, Pass, "");
    }

    #[test]
    fn what_only_the_autoscaler_may_need_is_a_risk() {
        let each = crate::cluster::testing::vm_size().vcpus;
        let limits = QuotaPlan { regional: Some(20 * each), ..QuotaPlan::default() };
        check(limits.clone(), Some(20), Risk, "at their largest");
        check(limits, Some(15), Pass, "");
    }
}
