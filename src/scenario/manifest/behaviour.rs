//! What manifests do not say, put onto the workloads that it is about: demand, image sizes, start-up and run times.

use super::fault::{Faults, join};
use super::{demand, outbound};
use crate::scenario::plan::{Controller, WorkloadPlan};
use crate::scenario::spec::{BehaviourSpec, ImageSpec, TargetSpec};
use crate::scenario::{did_you_mean, manifest::fault::Fault};
use crate::units::Bytes;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Sizes of images by name; an entry that names the image goes before one for all images of a workload.
#[derive(Debug, Default)]
pub(super) struct ImageSizes(BTreeMap<Arc<str>, (bool, Bytes)>);

impl ImageSizes {
    fn say(&mut self, image: Arc<str>, named: bool, size: Bytes) {
        let said = self.0.entry(image).or_insert((named, size));
        *said = (*said).max((named, size));
    }

    /// Gives every image the size that was said of it, also where another workload uses it: a node keeps an image once.
    pub fn apply(&self, workloads: &mut [WorkloadPlan]) {
        let images = workloads.iter_mut().flat_map(|workload| &mut workload.template.images);
        for image in images {
            image.size = self.0.get(&image.name).map_or(image.size, |(_, size)| *size);
        }
    }

    /// True when a size was said of the image.
    pub fn knows(&self, image: &str) -> bool {
        self.0.contains_key(image)
    }
}

/// Puts every entry onto its workload, image sizes excepted: those are returned, since they concern other workloads too.
/// `at` is the JSON pointer of the entries in the scenario.
pub(super) fn apply(
    entries: &[BehaviourSpec],
    workloads: &mut [WorkloadPlan],
    directory: &Path,
    start: Timestamp,
    at: &str,
    faults: &mut Faults,
) -> ImageSizes {
    let mut sizes = ImageSizes::default();
    let mut seen = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate() {
        let at = format!("{at}/{index}");
        let Some(found) = find(&entry.target, workloads, &join(&at, "target"), faults) else { continue };
        let workload = &mut workloads[found];
        if !seen.insert(found) {
            let found = format!("a second entry for {}", workload.key());
            faults.push(join(&at, "target"), "scenario::behaviour", found, "one entry for each workload");
        }
        if let Some(written) = &entry.demand {
            workload.behaviour.demand = demand::convert(written, directory, start, &join(&at, "demand"), faults);
        }
        if let Some(startup) = &entry.startup {
            workload.behaviour.startup = startup.0.clone();
        }
        if let Some(run_time) = &entry.run_time {
            if matches!(workload.controller, Controller::Job(_) | Controller::CronJob { .. } | Controller::Pod) {
                workload.behaviour.run_time = Some(run_time.0.clone());
            } else {
                let found = format!("a run time for a {}", workload.controller.kind());
                let write = "it for a Job, a CronJob or a Pod; others run until they are deleted";
                faults.push(join(&at, "runTime"), "scenario::behaviour", found, write);
            }
        }
        if let Some(flows) = &entry.outbound {
            workload.behaviour.outbound = outbound::convert(flows, &join(&at, "outbound"), faults);
        }
        if let Some(image) = &entry.image {
            say_sizes(image, workload, &join(&at, "image"), &mut sizes, faults);
        }
    }
    sizes
}

fn find(target: &TargetSpec, workloads: &[WorkloadPlan], at: &str, faults: &mut Faults) -> Option<usize> {
    let namespace = target.namespace.as_deref().unwrap_or("default");
    let key = format!("{}/{namespace}/{}", target.kind, target.name);
    let found = workloads.iter().position(|workload| workload.key() == key);
    if found.is_none() {
        let elsewhere = workloads
            .iter()
            .find(|workload| workload.name == target.name && workload.controller.kind() == target.kind)
            .map(WorkloadPlan::key);
        let keys: Vec<String> = workloads.iter().map(WorkloadPlan::key).collect();
        let meant = elsewhere.as_deref().or_else(|| did_you_mean(&key, keys.iter().map(String::as_str)));
        let remedy =
            meant.map_or("write a workload of the manifests".to_owned(), |meant| format!("did you mean {meant}?"));
        faults.0.push(Fault {
            pointer: join(at, "name"),
            code: "scenario::behaviour",
            found: format!("no workload {key}"),
            remedy,
        });
    }
    found
}

fn say_sizes(image: &ImageSpec, workload: &WorkloadPlan, at: &str, sizes: &mut ImageSizes, faults: &mut Faults) {
    let images = &workload.template.images;
    match image {
        ImageSpec::All(size) => images.iter().for_each(|image| sizes.say(Arc::clone(&image.name), false, size.0)),
        ImageSpec::ByName(list) => {
            for (name, size) in list {
                match images.iter().find(|image| *image.name == **name) {
                    Some(image) => sizes.say(Arc::clone(&image.name), true, size.0),
                    None => {
                        let known = images.iter().map(|image| &*image.name);
                        let otherwise = known.clone().collect::<Vec<_>>().join(" or ");
                        faults.unknown(
                            join(at, name),
                            "scenario::behaviour",
                            ("unknown image", name),
                            known,
                            &otherwise,
                        );
                    }
                }
            }
        }
    }
}
