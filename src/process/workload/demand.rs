//! CPU demand over time: a curve, read at intervals, with noise.

use crate::cluster::{CpuChange, Ctx, Event, WorkloadId, World};
use crate::kernel::{Id, SimDuration, SimTime, Stream};
use crate::scenario::plan::{Demand, DemandShape, Plan};
use crate::units::MilliCpu;
use std::f64::consts::PI;

const DAY: u64 = 86_400_000_000;

/// The demand curves of all workloads, each with the stream of its noise.
#[derive(Debug)]
pub struct DemandCurves {
    noise: Vec<Stream>,
    /// From the local midnight before the start until the start.
    start_of_day: SimDuration,
    /// Weekday of the start, 0 for Monday.
    weekday: u64,
}

impl DemandCurves {
    /// The curves of a world's plan.
    pub fn new(world: &World) -> Self {
        let start = &world.plan.start;
        let time = start.time();
        let seconds =
            u64::try_from(i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second()))
                .expect("a time of day is not negative");
        let noise =
            world.plan.workloads.iter().map(|workload| world.streams.stream("demand", &workload.key())).collect();
        let weekday = u64::try_from(start.weekday().to_monday_zero_offset()).expect("weekdays count from zero");
        Self { noise, start_of_day: SimDuration::from_secs(seconds), weekday }
    }

    /// The scenario starts: every curve is read.
    pub fn on_start(&self, world: &World, ctx: &mut Ctx<'_>) {
        for workload in world.workloads.ids() {
            if world.workload_plan(workload).behaviour.demand.is_some() {
                ctx.soon(Event::DemandStep(workload));
            }
        }
    }

    /// Reads the workload's curve, and plans the next reading.
    pub fn on_step(&mut self, world: &mut World, workload: WorkloadId, ctx: &mut Ctx<'_>) {
        let plan = std::sync::Arc::clone(&world.plan);
        let Some(demand) = &plan.workloads[world.workloads[workload].plan].behaviour.demand else {
            return;
        };
        let level = self.level(&demand.shape, ctx.now);
        let noisy = if demand.noise > 0.0 {
            let factor = 1.0 + demand.noise * self.noise[workload.index()].normal();
            MilliCpu::from_millis((level.millis() as f64 * factor.max(0.0)).round_ties_even() as u64)
        } else {
            level
        };
        if world.workloads[workload].demand != noisy {
            world.workloads[workload].demand = noisy;
            world.cpu_changed(CpuChange::Demand(workload), ctx);
        }
        if let Some(next) = next_step(demand, ctx.now, &plan) {
            ctx.at(next, Event::DemandStep(workload));
        }
    }

    fn level(&self, shape: &DemandShape, now: SimTime) -> MilliCpu {
        let wall = now.micros() + self.start_of_day.micros();
        let (day, time_of_day) = ((self.weekday + wall / DAY) % 7, wall % DAY);
        match shape {
            DemandShape::Constant(level) => *level,
            DemandShape::Daily { low, high, peak_at, weekend } => {
                let factor = if day >= 5 { *weekend } else { 1.0 };
                daily(*low, *high, *peak_at, time_of_day, factor)
            }
            DemandShape::Weekly { low, high, peak_at, days } => {
                daily(*low, *high, *peak_at, time_of_day, days[day as usize])
            }
            DemandShape::Steps(steps) => {
                let past = steps.partition_point(|(at, _)| *at <= now);
                past.checked_sub(1).map_or(MilliCpu::ZERO, |last| steps[last].1)
            }
        }
    }
}

/// A cosine between `low` and `high` that peaks at `peak_at`, times a factor.
fn daily(low: MilliCpu, high: MilliCpu, peak_at: SimDuration, time_of_day: u64, factor: f64) -> MilliCpu {
    let phase = (time_of_day as f64 - peak_at.micros() as f64) / DAY as f64;
    let wave = (1.0 + libm::cos(2.0 * PI * phase)) / 2.0;
    let (low, high) = (low.millis() as f64, high.millis() as f64);
    MilliCpu::from_millis(((low + (high - low) * wave) * factor).round_ties_even().max(0.0) as u64)
}

/// When the curve has to be read again: at its next step, or after its interval when it moves all the time or has noise.
fn next_step(demand: &Demand, now: SimTime, plan: &Plan) -> Option<SimTime> {
    let regular = now + demand.interval;
    let next = match &demand.shape {
        _ if demand.noise > 0.0 => regular,
        DemandShape::Constant(_) => return None,
        DemandShape::Steps(steps) => steps.iter().map(|(at, _)| *at).find(|at| *at > now)?,
        DemandShape::Daily { .. } | DemandShape::Weekly { .. } => regular,
    };
    (next < SimTime::after_start(plan.duration)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_curve_peaks_at_its_peak_and_is_lowest_twelve_hours_later() {
        let (low, high) = (MilliCpu::from_millis(300), MilliCpu::from_millis(2400));
        let at = |hour: u64| {
            daily(low, high, SimDuration::from_hours(14), SimDuration::from_hours(hour).micros(), 1.0).millis()
        };
        assert_eq!(at(14), 2400);
        assert_eq!(at(2), 300);
        assert_eq!(at(8), 1350);
    }
}
