//! What a handler may do besides changing the world: schedule events and state facts.

use super::{Event, Fact, World};
use crate::kernel::{EventKey, FutureEvents, SimDuration, SimTime};

/// A handler's hands: the current time, the future event list and the facts of this event.
#[derive(Debug)]
pub struct Ctx<'a> {
    /// The simulation clock.
    pub now: SimTime,
    events: &'a mut FutureEvents<Event>,
    facts: &'a mut Vec<Fact>,
}

impl<'a> Ctx<'a> {
    /// The hands of a handler that runs at `now`.
    pub fn new(now: SimTime, events: &'a mut FutureEvents<Event>, facts: &'a mut Vec<Fact>) -> Self {
        Self { now, events, facts }
    }

    /// Schedules `event` for `delay` from now.
    pub fn after(&mut self, delay: SimDuration, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Schedules `event` for this instant, behind what is already scheduled for it in its class.
    pub fn soon(&mut self, event: Event) {
        self.at(self.now, event);
    }

    /// Schedules `event` for the moment `at`.
    ///
    /// # Panics
    /// When `at` lies in the past.
    pub fn at(&mut self, at: SimTime, event: Event) {
        assert!(at >= self.now, "{event:?} scheduled at {at:?}, before {:?}", self.now);
        self.events.schedule(at, event.class() as u8, event);
    }

    /// What was stated to have happened at this event so far.
    #[must_use]
    pub fn observed(&self) -> &[Fact] {
        self.facts
    }

    /// States that something happened.
    pub fn observe(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

/// Sees every event with its facts and the world after it. An observer cannot change or schedule anything.
pub trait Observer {
    /// Called after each event.
    fn after_event(&mut self, key: EventKey, event: Event, facts: &[Fact], world: &World);
}
