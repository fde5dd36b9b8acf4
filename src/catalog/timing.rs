//! How long every stage of node and pod life takes, with the evidence.
//!
//! The stages, their distributions and their evidence stand in `data/stage-timings.csv`; [`Timings`] is the same as fields for
//! the simulation. A scenario may override any stage by its name. How the defaults were found, and where they miss published
//! figures, is told in `docs/limits.md`.

use super::{ContainerRuntime, KubernetesVersion, OsImage, ScalingSize};
use crate::kernel::{Dist, SimDuration};
use serde::Deserialize;
use std::sync::OnceLock;

const DATA: &str = include_str!("data/stage-timings.csv");

/// How well a figure is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Published, or fitted to a sample of measurements.
    Measured,
    /// Read off one real cluster that somebody published.
    Observed,
    /// A sum of measured parts, put together by assumption.
    SimulatedSum,
    /// The centre comes from evidence, the spread is a judgement.
    MedianAnchored,
    /// Adjusted until an end-to-end figure came out.
    FittedToTarget,
    /// Assumed.
    Assumption,
}

impl Basis {
    /// The tag in the data file and in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Observed => "observed",
            Self::SimulatedSum => "simulated-sum",
            Self::MedianAnchored => "median-anchored",
            Self::FittedToTarget => "fitted-to-target",
            Self::Assumption => "assumption",
        }
    }
}

/// How far a figure is to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Official or instrumented.
    High,
    /// A good but small or single source.
    Medium,
    /// Weak, or partly an assumption.
    Low,
}

impl Confidence {
    /// The tag in the data file and in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// A stage as the data file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name, as scenarios write it.
    pub name: String,
    /// What it is.
    pub meaning: String,
    /// Its default distribution; seconds, but for rates and probabilities.
    pub dist: Dist,
    /// How well it is founded.
    pub basis: Basis,
    /// How far it is to be trusted; of an overridden stage nothing is known, so `Low`.
    pub confidence: Confidence,
    /// Which measurements.
    pub evidence: String,
}

#[derive(Deserialize)]
struct Row {
    stage: String,
    dist: String,
    a: f64,
    b: Option<f64>,
    shift: Option<f64>,
    basis: Basis,
    confidence: Confidence,
    evidence: String,
    meaning: String,
}

/// Every row of the data file.
fn rows() -> &'static [Stage] {
    static ROWS: OnceLock<Vec<Stage>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        let rows =
            reader.deserialize::<Row>().map(|row| row.unwrap_or_else(|error| panic!("stage-timings.csv: {error}")));
        rows.map(stage).collect()
    })
}

fn stage(row: Row) -> Stage {
    let b = || row.b.unwrap_or_else(|| panic!("stage-timings.csv: {} lacks its second parameter", row.stage));
    let dist = match row.dist.as_str() {
        "constant" => Dist::Constant(row.a),
        "uniform" => Dist::Uniform { low: row.a, high: b() },
        "lognormal" => Dist::Lognormal { median: row.a, p95: b(), shift: row.shift.unwrap_or(0.0) },
        // Half of the pods exit fast, the others use their whole grace period, to which every exit is cut.
        "half_lognormal_half_grace" => {
            Dist::Mixture(vec![(0.5, Dist::lognormal(row.a, b())), (0.5, Dist::Constant(1e6))])
        }
        other => panic!("stage-timings.csv: unknown distribution {other}"),
    };
    dist.validate().unwrap_or_else(|error| panic!("stage-timings.csv: {}: {error}", row.stage));
    let Row { stage: name, meaning, basis, confidence, evidence, .. } = row;
    Stage { name, meaning, dist, basis, confidence, evidence }
}

/// What the defaults of some stages depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The version of the nodes decides about their container runtime.
    pub version: KubernetesVersion,
    /// The node image.
    pub image: OsImage,
    /// The size of the control plane, if it has a fixed one.
    pub scaling: Option<ScalingSize>,
}

impl Setup {
    /// The image of AKS's default and a control plane that AKS sizes itself.
    #[must_use]
    pub const fn of(version: KubernetesVersion) -> Self {
        Self { version, image: version.ubuntu_image(), scaling: None }
    }
}

/// Defines [`Timings`]: one field a stage, of the stage's name.
macro_rules! timings {
    ($($name:ident),* $(,)?) => {
        /// A distribution for every stage: seconds, but for the rates (MB/s).
        ///
        /// What each stage is, and how well its default is founded, says [`Timings::stages`].
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each stage is explained by its row of the data file")]
        pub struct Timings {
            /// What the defaults were looked up for.
            pub setup: Setup,
            $(pub $name: Dist,)*
            /// Probability that the provisioning of a VM takes [`Timings::straggler_delay`] more.
            pub straggler_probability: f64,
            /// What a straggler takes more.
            pub straggler_delay: SimDuration,
            /// Correlation of the stages of instances that are created by one request.
            pub batch_copula_rho: f64,
        }

        impl Timings {
            /// The default of every stage.
            #[must_use]
            pub fn defaults(setup: Setup) -> Self {
                let constant = |name: &str| match default_of(name, setup) {
                    Dist::Constant(value) => value,
                    other => panic!("stage-timings.csv: {name} is {other:?}, not a constant"),
                };
                Self {
                    setup,
                    $($name: default_of(stringify!($name), setup),)*
                    straggler_probability: constant("straggler_probability"),
                    straggler_delay: SimDuration::from_secs_f64(constant("straggler_delay")),
                    batch_copula_rho: constant("batch_copula_rho"),
                }
            }

            /// Overrides a stage by name; `false` when there is no such stage.
            #[must_use]
            pub fn set(&mut self, name: &str, dist: Dist) -> bool {
                match (name, &dist) {
                    $((stringify!($name), _) => self.$name = dist,)*
                    ("straggler_probability", Dist::Constant(p)) if *p <= 1.0 => self.straggler_probability = *p,
                    ("straggler_delay", Dist::Constant(seconds)) => self.straggler_delay = SimDuration::from_secs_f64(*seconds),
                    ("batch_copula_rho", Dist::Constant(rho)) if *rho <= 1.0 => self.batch_copula_rho = *rho,
                    _ => return false,
                }
                true
            }

            /// Every stage in force with what is known of it. A stage whose distribution is not the default has no evidence left.
            pub fn stages(&self) -> Vec<Stage> {
                let mut stages = Vec::new();
                $({
                    let row = row_of(stringify!($name), self.setup);
                    let mut stage = Stage { name: stringify!($name).to_owned(), ..row.clone() };
                    if self.$name != row.dist {
                        stage.dist = self.$name.clone();
                        stage.evidence = "the scenario".to_owned();
                        stage.basis = Basis::Assumption;
                        stage.confidence = Confidence::Low;
                    }
                    stages.push(stage);
                })*
                stages
            }

            /// The names of all stages that a scenario may override.
            pub const NAMES: &[&str] =
                &[$(stringify!($name),)* "straggler_probability", "straggler_delay", "batch_copula_rho"];
        }
    };
}

timings!(
    arm_accept,
    vm_provision,
    os_boot,
    cse,
    runtime_start,
    kubelet_start,
    kubelet_register,
    node_ready,
    startup_taints,
    reimage,
    vm_delete,
    cordon,
    eviction_call,
    pod_schedule,
    scheduling_cycle,
    pod_sandbox_cni,
    pod_create_start,
    app_startup,
    termination,
    pod_removal,
    pull_overhead,
    pull_new_node,
    pull_rate_mb_s_large,
    pull_rate_mb_s_small,
    control_plane_upgrade,
    cluster_create,
    cluster_update,
    cluster_stop,
    cluster_start,
    ca_decision_extra,
    allocation_failure,
    repair_reboot,
    repair_redeploy,
);

/// The row of a stage: some depend on the node image, the container runtime or the size of the control plane.
fn row_of(name: &str, setup: Setup) -> &'static Stage {
    let suffixed = |suffix: &str| format!("{name}_{}", suffix.to_ascii_lowercase());
    let file_name = match (name, setup.image, setup.scaling) {
        ("cse", OsImage::Ubuntu2204, _) => suffixed("ubuntu2204"),
        ("cse", OsImage::Ubuntu2404, _) => suffixed("ubuntu2404"),
        ("cse", OsImage::AzureLinux3, _) => suffixed("azurelinux3"),
        ("runtime_start", ..) => match setup.version.container_runtime() {
            ContainerRuntime::Containerd => "containerd_start".to_owned(),
            ContainerRuntime::Docker => "docker_start".to_owned(),
        },
        ("scheduling_cycle" | "cluster_create", _, Some(size)) => suffixed(size.name()),
        _ => name.to_owned(),
    };
    let row = rows().iter().find(|row| row.name == file_name);
    row.unwrap_or_else(|| panic!("stage-timings.csv: no row {file_name}"))
}

fn default_of(name: &str, setup: Setup) -> Dist {
    row_of(name, setup).dist.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: KubernetesVersion = KubernetesVersion::minor(34);

    fn defaults(version: KubernetesVersion, image: OsImage) -> Timings {
        Timings::defaults(Setup { image, ..Setup::of(version) })
    }

    #[test]
    fn every_stage_has_a_default_a_basis_and_evidence() {
        let timings = defaults(VERSION, OsImage::Ubuntu2204);
        let stages = timings.stages();
        assert_eq!(stages.len() + 3, Timings::NAMES.len());
        assert!(stages.iter().all(|stage| !stage.evidence.is_empty() && !stage.meaning.is_empty()));
        assert_eq!(timings.vm_provision, Dist::lognormal(15.0, 45.0));
    }

    #[test]
    fn the_runtime_follows_the_version_and_the_bootstrap_the_image() {
        let start = |version, image| defaults(version, image).runtime_start;
        assert_eq!(start(VERSION, OsImage::Ubuntu2204), Dist::lognormal(0.94, 1.99));
        assert_ne!(start(KubernetesVersion::minor(18), OsImage::Ubuntu2204), Dist::lognormal(0.94, 1.99));
        let cse = |image| defaults(VERSION, image).cse;
        assert_ne!(cse(OsImage::Ubuntu2204), cse(OsImage::AzureLinux3));
    }

    #[test]
    fn every_row_of_the_file_is_a_stage_under_its_own_or_its_images_name() {
        for row in rows() {
            let (name, _) = row.name.split_once('_').unwrap_or((&row.name, ""));
            let known = Timings::NAMES.contains(&row.name.as_str())
                || name == "cse"
                || ["containerd_start", "docker_start"].contains(&row.name.as_str())
                || ScalingSize::ALL.iter().any(|(size, _)| row.name.ends_with(&size.to_ascii_lowercase()));
            assert!(known, "no stage is called {}", row.name);
        }
    }

    /// The published totals of the bootstrap include the start of runtime and kubelet, which are stages of their own here.
    #[test]
    fn bootstrap_runtime_and_kubelet_add_up_to_the_published_bootstrap() {
        const DRAWS: usize = 20_000;
        for (image, median, p95) in
            [(OsImage::Ubuntu2204, 18.0, 55.0), (OsImage::Ubuntu2404, 36.0, 54.0), (OsImage::AzureLinux3, 14.0, 46.0)]
        {
            let timings = defaults(VERSION, image);
            let mut stream = crate::kernel::Streams::new(1).stream("bootstrap", "test");
            let stages = [&timings.cse, &timings.runtime_start, &timings.kubelet_start];
            let mut totals: Vec<f64> =
                (0..DRAWS).map(|_| stages.iter().map(|stage| stage.sample(&mut stream)).sum()).collect();
            totals.sort_by(f64::total_cmp);
            for (found, published) in [(totals[DRAWS / 2], median), (totals[DRAWS * 95 / 100], p95)] {
                assert!((found / published - 1.0).abs() < 0.06, "{image:?}: {found:.1} s against {published} s");
            }
        }
    }

    #[test]
    fn an_overridden_stage_loses_its_evidence() {
        let mut timings = defaults(VERSION, OsImage::Ubuntu2204);
        assert!(timings.set("os_boot", Dist::Constant(1.0)));
        assert!(!timings.set("no_such_stage", Dist::Constant(1.0)));
        let stages = timings.stages();
        let boot = stages.iter().find(|stage| stage.name == "os_boot").unwrap();
        assert_eq!((boot.basis, boot.evidence.as_str()), (Basis::Assumption, "the scenario"));
    }
}
