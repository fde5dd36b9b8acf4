//! Faults: which pools and zones, when, how often.

use super::{Resolver, pool};
use crate::catalog::Catalog;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{
    AllocationCode, EvictionReach, FailureReach, FaultKind, FaultPlan, FaultRate, RepairPlan, Symptom,
};
use crate::scenario::spec::{
    AgentPoolSpec, AllocationFailureSpec, FaultSpec, NodeFailureSpec, Percent, ScenarioSpec, SlowBootSpec,
    SpotEvictionSpec, ZoneOutageSpec,
};
use std::collections::{BTreeMap, BTreeSet};

/// How long a fault lasts that strikes once, unless the scenario says so.
const STRIKE: SimDuration = SimDuration::from_secs(1);

/// Resolves all faults, in the file's order. Pools are looked up as they are written and have the indexes of the plan.
pub fn resolve(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) -> Vec<FaultPlan> {
    let mut written = pool::written(spec);
    written.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
    let pools: Vec<&AgentPoolSpec> = written.iter().map(|pool| &*pool.spec).collect();
    let (mut faults, mut names, mut kinds) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
    for (index, written) in spec.faults.iter().flatten().enumerate() {
        let pointer = format!("/faults/{index}");
        let (at, until) = span(resolver, &pointer, written, spec.duration.0);
        let Some((word, kind)) = kind(resolver, &pointer, written, &pools) else {
            continue;
        };
        let number = kinds.entry(word).and_modify(|number| *number += 1).or_insert(1);
        let default = if *number == 1 { word.to_owned() } else { format!("{word}-{number}") };
        let name = written.name.clone().unwrap_or(default);
        if !names.insert(name.clone()) {
            let found = format!("a second fault {name}");
            resolver.error(&format!("{pointer}/name"), "scenario::duplicate", found, "give it another name");
        }
        let rate = rate(resolver, &pointer, written, &kind);
        let until = until.filter(|_| rate.is_none());
        faults.push(FaultPlan { name, at, until, rate, kind });
    }
    faults
}

/// When the fault begins and ends.
fn span(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &FaultSpec,
    duration: SimDuration,
) -> (SimTime, Option<SimTime>) {
    let at = written.at.map_or(SimDuration::ZERO, |at| at.0);
    if at >= duration {
        let found = format!("{at} lies after the end of the scenario");
        resolver.error(&format!("{pointer}/at"), "scenario::fault_at", found, format!("write less than {duration}"));
    }
    if written.lasts.is_some_and(|lasts| lasts.0.is_zero()) {
        let remedy = "write a duration such as 1h, or leave it out";
        resolver.error(&format!("{pointer}/for"), "scenario::fault_for", "found no time at all", remedy);
    }
    (SimTime::after_start(at), written.lasts.map(|lasts| SimTime::after_start(at + lasts.0)))
}

/// How the fault comes again and again. What strikes at a rate of its own does so already.
fn rate(resolver: &mut Resolver<'_>, pointer: &str, written: &FaultSpec, kind: &FaultKind) -> Option<FaultRate> {
    let mean = written.mean_time_between?.0;
    let strikes_once = matches!(
        kind,
        FaultKind::SpotEviction { reach: EvictionReach::Share(_), .. }
            | FaultKind::NodeFailure { reach: FailureReach::Nodes(_), .. }
    );
    let has_rate = matches!(
        kind,
        FaultKind::SpotEviction { reach: EvictionReach::PerHour(_), .. }
            | FaultKind::NodeFailure { reach: FailureReach::MeanTime(_), .. }
    );
    let field = format!("{pointer}/meanTimeBetween");
    if has_rate {
        let remedy = "write share or nodes for what strikes several at once, or leave meanTimeBetween out";
        resolver.error(&field, "scenario::fault_rate", "the fault has a rate of its own", remedy);
    } else if mean.is_zero() {
        resolver.error(&field, "scenario::fault_rate", "found no time at all", "write a duration such as 90d");
    } else if written.lasts.is_none() && !strikes_once {
        resolver.error(&field, "scenario::fault_for", "found no for", "add how long each lasts, such as for: 1h");
    }
    Some(FaultRate { mean, lasts: written.lasts.map_or(STRIKE, |lasts| lasts.0) })
}

/// The kind with its word in the file.
fn kind(
    resolver: &mut Resolver<'_>,
    pointer: &str,
    written: &FaultSpec,
    pools: &[&AgentPoolSpec],
) -> Option<(&'static str, FaultKind)> {
    if let Some(written) = written.control_plane_capacity.as_ref().filter(|_| is_alone(written)) {
        let probability = share(written.probability, 1.0);
        return Some(("controlPlaneCapacity", FaultKind::ControlPlaneCapacity { probability }));
    }
    let mut place = Place { resolver, pointer: pointer.to_owned(), pools };
    let FaultSpec { allocation_failure, spot_eviction, zone_outage, node_failure, slow_registry, slow_boot, .. } =
        written;
    match (allocation_failure, spot_eviction, zone_outage, node_failure, slow_registry, slow_boot) {
        _ if written.control_plane_capacity.is_some() => not_one(resolver, pointer),
        (Some(written), None, None, None, None, None) => {
            place.named("allocationFailure", |place| place.allocation_failure(written))
        }
        (None, Some(written), None, None, None, None) => {
            place.named("spotEviction", |place| place.spot_eviction(written))
        }
        (None, None, Some(written), None, None, None) => place.named("zoneOutage", |place| place.zone_outage(written)),
        (None, None, None, Some(written), None, None) => {
            place.named("nodeFailure", |place| place.node_failure(written))
        }
        (None, None, None, None, Some(written), None) => {
            let rate = written.per_second.0.get();
            place.named("slowRegistry", |place| {
                if rate == 0 {
                    place.error("perSecond", "scenario::fault_rate", "found 0", "write a size such as 50Mi");
                }
                Some(FaultKind::SlowRegistry { rate })
            })
        }
        (None, None, None, None, None, Some(written)) => place.named("slowBoot", |place| place.slow_boot(written)),
        _ => not_one(resolver, pointer),
    }
}

/// True when no other kind of fault is written than a lack of control planes.
const fn is_alone(written: &FaultSpec) -> bool {
    written.allocation_failure.is_none()
        && written.spot_eviction.is_none()
        && written.zone_outage.is_none()
        && written.node_failure.is_none()
        && written.slow_registry.is_none()
        && written.slow_boot.is_none()
}

fn not_one(resolver: &mut Resolver<'_>, pointer: &str) -> Option<(&'static str, FaultKind)> {
    let remedy = "write one of allocationFailure, spotEviction, zoneOutage, nodeFailure, controlPlaneCapacity, slowRegistry and slowBoot";
    resolver.error(pointer, "scenario::fault", "found not exactly one kind of fault", remedy);
    None
}

/// Where a fault stands.
struct Place<'a, 'b> {
    resolver: &'a mut Resolver<'b>,
    pointer: String,
    pools: &'a [&'a AgentPoolSpec],
}

impl Place<'_, '_> {
    fn named(
        &mut self,
        word: &'static str,
        resolve: impl FnOnce(&mut Self) -> Option<FaultKind>,
    ) -> Option<(&'static str, FaultKind)> {
        self.pointer.push('/');
        self.pointer.push_str(word);
        resolve(self).map(|kind| (word, kind))
    }

    fn error(&mut self, field: &str, code: &'static str, found: impl Into<String>, remedy: impl Into<String>) {
        let pointer = if field.is_empty() { self.pointer.clone() } else { format!("{}/{field}", self.pointer) };
        self.resolver.error(&pointer, code, found, remedy);
    }

    /// The pool of this name; `None` when it is unknown, which is an error.
    fn pool(&mut self, name: Option<&String>) -> Option<Option<usize>> {
        match name {
            None => Some(None),
            Some(name) => {
                let found = self.pools.iter().position(|pool| pool.name == *name);
                if found.is_none() {
                    let names: Vec<&str> = self.pools.iter().map(|pool| pool.name.as_str()).collect();
                    let pointer = format!("{}/pool", self.pointer);
                    self.resolver.unknown(&pointer, "scenario::unknown_pool", format!("no pool {name}"), name, &names);
                }
                found.map(Some)
            }
        }
    }

    /// A zone that some pool has.
    fn zone(&mut self, zone: u8) {
        let text = zone.to_string();
        let is_meant = |other: &serde_json::Value| *other == text || *other == zone;
        let used = |pool: &&AgentPoolSpec| pool.availability_zones.iter().flatten().any(is_meant);
        if !self.pools.iter().any(used) {
            let found = format!("no node pool uses zone {zone}");
            self.error("zone", "scenario::fault_zone", found, "write a zone of availabilityZones");
        }
    }

    fn allocation_failure(&mut self, written: &AllocationFailureSpec) -> Option<FaultKind> {
        let pool = self.pool(written.pool.as_ref());
        if let Some(zone) = written.zone {
            self.zone(zone);
        }
        let size = written.vm_size.as_deref().map(|name| (name, Catalog::get().vm_size(name)));
        if let Some((name, None)) = size {
            let closest = Catalog::get().closest_vm_size(name);
            let remedy = closest.map_or("see aksim vm list".to_owned(), |closest| format!("did you mean {closest}?"));
            self.error("vmSize", "scenario::vm_size", format!("unknown VM size {name}"), remedy);
        }
        let choices = AllocationCode::ALL.map(|code| (code.name(), code));
        let code = written.code.as_deref().and_then(|text| {
            self.resolver.choice(&format!("{}/code", self.pointer), "scenario::allocation_code", text, &choices)
        });
        Some(FaultKind::AllocationFailure {
            pool: pool?,
            zone: written.zone,
            vm_size: size.and_then(|(_, size)| size).map(|size| size.name.as_str()),
            code,
            probability: share(written.probability, 1.0),
        })
    }

    fn spot_eviction(&mut self, written: &SpotEvictionSpec) -> Option<FaultKind> {
        let pool = self.pool(written.pool.as_ref())?;
        let is_spot = |pool: &AgentPoolSpec| {
            pool.scale_set_priority.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("spot"))
        };
        let spot = match pool {
            Some(pool) => is_spot(self.pools[pool]),
            None => self.pools.iter().any(|pool| is_spot(pool)),
        };
        if !spot {
            let remedy = "name a pool with scaleSetPriority: Spot";
            self.error("", "scenario::fault_spot", "found no spot pool that it could concern", remedy);
        }
        let reach = match (written.share, written.per_hour) {
            (Some(share), None) => EvictionReach::Share(share.0 / 100.0),
            (None, Some(rate)) if rate.0 < 100.0 => EvictionReach::PerHour(rate.0 / 100.0),
            (None, Some(_)) => {
                self.error("perHour", "scenario::fault_rate", "found 100%", "write less than 100%");
                return None;
            }
            _ => {
                let remedy = "write share: 50% for a wave, or perHour: 5% for a rate";
                self.error("", "scenario::fault_reach", "found not exactly one of share and perHour", remedy);
                return None;
            }
        };
        Some(FaultKind::SpotEviction { pool, reach })
    }

    fn zone_outage(&mut self, written: &ZoneOutageSpec) -> Option<FaultKind> {
        self.zone(written.zone);
        Some(FaultKind::ZoneOutage { zone: written.zone })
    }

    fn node_failure(&mut self, written: &NodeFailureSpec) -> Option<FaultKind> {
        let pool = self.pool(written.pool.as_ref())?;
        let reach = match (written.nodes, written.mtbf) {
            (Some(nodes), None) => FailureReach::Nodes(nodes),
            (None, Some(mtbf)) if !mtbf.0.is_zero() => FailureReach::MeanTime(mtbf.0),
            _ => {
                let remedy = "write nodes: 2 for failures at once, or mtbf: 730d for a rate";
                self.error("", "scenario::fault_reach", "found not exactly one of nodes and mtbf", remedy);
                return None;
            }
        };
        let default = RepairPlan::default();
        let repair = RepairPlan {
            by_reboot: share(written.by_reboot, default.by_reboot),
            by_reimage: share(written.by_reimage, default.by_reimage),
            by_redeploy: share(written.by_redeploy, default.by_redeploy),
        };
        let symptom = match &written.symptom {
            None => Symptom::default(),
            Some(text) => {
                let pointer = format!("{}/symptom", self.pointer);
                self.resolver.choice(&pointer, "scenario::symptom", text, &Symptom::ALL)?
            }
        };
        Some(FaultKind::NodeFailure { pool, reach, symptom, repair })
    }

    fn slow_boot(&mut self, written: &SlowBootSpec) -> Option<FaultKind> {
        let pool = self.pool(written.pool.as_ref())?;
        let factor = written.factor.unwrap_or(1.0);
        if !(1.0..=1000.0).contains(&factor) {
            self.error("factor", "scenario::fault_factor", format!("found {factor}"), "write 1 to 1000");
            return None;
        }
        let delay = written.delay.map_or(SimDuration::ZERO, |delay| delay.0);
        Some(FaultKind::SlowBoot { pool, probability: share(written.probability, 1.0), factor, delay })
    }
}

fn share(written: Option<Percent>, default: f64) -> f64 {
    written.map_or(default, |percent| percent.0 / 100.0)
}
