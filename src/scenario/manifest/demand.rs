//! CPU demand as it is written to CPU demand as it is simulated, traces included.

use super::fault::{Faults, join};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{Demand, DemandScope, DemandShape};
use crate::scenario::quantity;
use crate::scenario::spec::{ClockTime, Cpu, DemandSpec, Duration, ScopeSpec, StepSpec};
use crate::scenario::table::moment;
use crate::units::MilliCpu;
use jiff::Timestamp;
use std::path::Path;

/// How often a curve is read and its noise drawn unless the scenario says otherwise.
const DEFAULT_INTERVAL: SimDuration = SimDuration::from_mins(5);
/// The busiest time of day unless the scenario says otherwise.
const DEFAULT_PEAK: SimDuration = SimDuration::from_hours(14);

/// Converts a demand. `at` is its JSON pointer in the scenario; traces are relative to `directory`, and their wall-clock times
/// to `start`. `None` after a fault.
pub(super) fn convert(
    spec: &DemandSpec,
    directory: &Path,
    start: Timestamp,
    at: &str,
    faults: &mut Faults,
) -> Option<Demand> {
    let (noise, interval, scope) = common(spec);
    let noise = factor(noise.unwrap_or(0.0), &join(at, "noise"), faults);
    let interval = interval.map_or(DEFAULT_INTERVAL, |interval| interval.0);
    if interval.is_zero() {
        faults.push(join(at, "interval"), "scenario::demand", "0", "a duration above 0, such as 5m");
    }
    let scope = match scope.unwrap_or(ScopeSpec::Workload) {
        ScopeSpec::Workload => DemandScope::Workload,
        ScopeSpec::Pod => DemandScope::Pod,
    };
    let shape = shape(spec, directory, start, at, faults)?;
    Some(Demand { shape, scope, noise, interval })
}

fn common(spec: &DemandSpec) -> (Option<f64>, Option<Duration>, Option<ScopeSpec>) {
    match spec {
        DemandSpec::Constant { noise, interval, scope, .. }
        | DemandSpec::Daily { noise, interval, scope, .. }
        | DemandSpec::Weekly { noise, interval, scope, .. }
        | DemandSpec::Steps { noise, interval, scope, .. }
        | DemandSpec::Trace { noise, interval, scope, .. } => (*noise, *interval, *scope),
    }
}

fn shape(spec: &DemandSpec, directory: &Path, start: Timestamp, at: &str, faults: &mut Faults) -> Option<DemandShape> {
    match spec {
        DemandSpec::Constant { cpu, .. } => Some(DemandShape::Constant(cpu.0)),
        DemandSpec::Daily { low, high, peak_at, weekend, .. } => {
            let (low, high, peak_at) = wave(*low, *high, *peak_at, at, faults);
            let weekend = factor(weekend.unwrap_or(1.0), &join(at, "weekend"), faults);
            Some(DemandShape::Daily { low, high, peak_at, weekend })
        }
        DemandSpec::Weekly { low, high, peak_at, days, .. } => {
            let (low, high, peak_at) = wave(*low, *high, *peak_at, at, faults);
            let at = join(at, "days");
            let each = days.iter().enumerate().map(|(day, written)| factor(*written, &format!("{at}/{day}"), faults));
            let read: Vec<f64> = each.collect();
            let days = read.try_into().map_err(|read: Vec<f64>| {
                faults.push(&at, "scenario::demand", format!("{} factors", read.len()), "seven, Monday first");
            });
            Some(DemandShape::Weekly { low, high, peak_at, days: days.ok()? })
        }
        DemandSpec::Steps { steps, .. } => rising(steps, &join(at, "steps"), faults).map(DemandShape::Steps),
        DemandSpec::Trace { file, .. } => match trace(&directory.join(file), start) {
            Ok(steps) => Some(DemandShape::Steps(steps)),
            Err((found, write)) => {
                faults.push(join(at, "file"), "scenario::trace", format!("{file}: {found}"), write);
                None
            }
        },
    }
}

fn wave(
    low: Cpu,
    high: Cpu,
    peak_at: Option<ClockTime>,
    at: &str,
    faults: &mut Faults,
) -> (MilliCpu, MilliCpu, SimDuration) {
    if low.0 > high.0 {
        let found = format!("{} above the {} of high", low.0, high.0);
        faults.push(join(at, "low"), "scenario::demand", found, "at most high");
    }
    (low.0, high.0, peak_at.map_or(DEFAULT_PEAK, |clock| clock.0))
}

fn factor(value: f64, at: &str, faults: &mut Faults) -> f64 {
    if !(value.is_finite() && value >= 0.0) {
        faults.push(at, "scenario::demand", value.to_string(), "a number of at least 0, such as 0.6");
        return 0.0;
    }
    value
}

fn rising(steps: &[StepSpec], at: &str, faults: &mut Faults) -> Option<Vec<(SimTime, MilliCpu)>> {
    let unordered = steps.windows(2).position(|pair| pair[0].at.0 >= pair[1].at.0);
    if let Some(index) = unordered {
        let at = format!("{at}/{}/at", index + 1);
        faults.push(at, "scenario::demand", steps[index + 1].at.0.to_string(), "a later moment than the step before");
        return None;
    }
    Some(steps.iter().map(|step| (SimTime::after_start(step.at.0), step.cpu.0)).collect())
}

/// Reads a trace: CSV with the columns `time` (a duration, a number of seconds or an RFC 3339 moment) and `cpu` (a quantity),
/// rows rising in time. Of the rows before the start the last one counts, from the start on.
///
/// # Errors
/// What was found and what to write instead.
fn trace(path: &Path, start: Timestamp) -> Result<Vec<(SimTime, MilliCpu)>, (String, &'static str)> {
    const FORM: &str = "a CSV file with the columns time and cpu";
    let text = std::fs::read_to_string(path).map_err(|error| (error.to_string(), FORM))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut steps: Vec<(i64, MilliCpu)> = Vec::new();
    for row in reader.deserialize::<Row>() {
        let row = row.map_err(|error| (error.to_string(), FORM))?;
        let line = format!("row {}", steps.len() + 1);
        let time = moment(&row.time, start).ok_or_else(|| {
            (format!("{line}: time \"{}\"", row.time), "90s, a number of seconds, or 2026-03-02T00:00:00Z")
        })?;
        let cpu = quantity::cpu(&row.cpu)
            .ok_or_else(|| (format!("{line}: cpu \"{}\"", row.cpu), "an amount of CPU such as 250m"))?;
        if steps.last().is_some_and(|(last, _)| *last >= time) {
            return Err((format!("{line}: time \"{}\"", row.time), "a later moment than the row before"));
        }
        steps.push((time, cpu));
    }
    if steps.is_empty() {
        return Err(("no rows".to_owned(), FORM));
    }
    let before = steps.partition_point(|(time, _)| *time <= 0).saturating_sub(1);
    let moved = steps.drain(before..).map(|(time, cpu)| (SimTime::from_micros(time.max(0).cast_unsigned()), cpu));
    Ok(moved.collect())
}

#[derive(serde::Deserialize)]
struct Row {
    time: String,
    cpu: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(csv: &str, expected: Result<&[(u64, u64)], &str>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(csv.as_bytes()).unwrap();
        let read = trace(file.path(), "2026-03-02T00:00:00Z".parse().unwrap());
        let read =
            read.map(|steps| steps.iter().map(|(at, cpu)| (at.micros() / 1_000_000, cpu.millis())).collect::<Vec<_>>());
        match (read, expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{csv}"),
            (Err((found, _)), Err(expected)) => assert!(found.contains(expected), "{csv}: {found}"),
            (read, expected) => panic!("{csv}: {read:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn a_trace_may_count_from_the_start_or_name_moments() {
        check("time,cpu\n0,100m\n300,250m\n", Ok(&[(0, 100), (300, 250)]));
        check("time, cpu\n5m, 1.5\n1h, 2\n", Ok(&[(300, 1500), (3600, 2000)]));
        check(
            "time,cpu\n2026-03-01T22:00:00Z,1\n2026-03-01T23:00:00Z,2\n2026-03-02T00:10:00Z,3\n",
            Ok(&[(0, 2000), (600, 3000)]),
        );
    }

    #[test]
    fn a_trace_that_is_none_is_refused() {
        check("time,cpu\n", Err("no rows"));
        check("time,cpu\nsoon,1\n", Err("row 1: time \"soon\""));
        check("time,cpu\n0,much\n", Err("row 1: cpu \"much\""));
        check("time,cpu\n10,1\n10,2\n", Err("row 2: time \"10\""));
        check("when,cpu\n10,1\n", Err("time"));
    }

    fn faults_of(demand: &DemandSpec) -> Vec<String> {
        let mut faults = Faults::default();
        convert(demand, Path::new("."), Timestamp::UNIX_EPOCH, "/d", &mut faults);
        faults.0.iter().map(|f| format!("{}: {}", f.pointer, f.found)).collect()
    }

    #[test]
    fn senseless_curves_are_faults() {
        let (low, high) = (Cpu(MilliCpu::from_millis(2)), Cpu(MilliCpu::from_millis(1)));
        let zero = Some(Duration(SimDuration::ZERO));
        let weekly = DemandSpec::Weekly {
            low,
            high,
            peak_at: None,
            days: vec![1.0, -1.0],
            noise: Some(f64::NAN),
            interval: zero,
            scope: None,
        };
        assert_eq!(
            faults_of(&weekly),
            [
                "/d/noise: NaN",
                "/d/interval: 0",
                "/d/low: 2m above the 1m of high",
                "/d/days/1: -1",
                "/d/days: 2 factors"
            ]
        );
        let step = |secs| StepSpec { at: Duration(SimDuration::from_secs(secs)), cpu: high };
        let steps = DemandSpec::Steps { steps: vec![step(5), step(5)], noise: None, interval: None, scope: None };
        assert_eq!(faults_of(&steps), ["/d/steps/1/at: 5s"]);
    }
}
