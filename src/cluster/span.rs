//! Spans of virtual time in which something was so: what bills and statistics leave out.

use crate::kernel::{SimDuration, SimTime};

/// Spans in order of time, none of which overlaps another; the last may be open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<(SimTime, Option<SimTime>)>);

impl Spans {
    /// Opens a span, unless one is open.
    pub fn open(&mut self, now: SimTime) {
        if !self.is_open() {
            self.0.push((now, None));
        }
    }

    /// Closes the open span, if there is one.
    pub fn close(&mut self, now: SimTime) {
        if let Some((_, end @ None)) = self.0.last_mut() {
            *end = Some(now);
        }
    }

    /// True while a span is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.0.last(), Some((_, None)))
    }

    /// How many there are, the open one among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there was never one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begin and end of each; no end of the open one.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, Option<SimTime>)> {
        self.0.iter().copied()
    }

    /// The time between `from` and `to` that lies in a span.
    #[must_use]
    pub fn within(&self, from: SimTime, to: SimTime) -> SimDuration {
        let inside = |(start, end): &(SimTime, Option<SimTime>)| {
            let end = end.unwrap_or(to).min(to);
            end.saturating_since((*start).max(from))
        };
        self.0.iter().map(inside).fold(SimDuration::ZERO, |sum, span| sum + span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_of_a_span_that_lies_in_the_window_counts() {
        let at = |hours| SimTime::after_start(SimDuration::from_hours(hours));
        let mut spans = Spans::default();
        spans.open(at(2));
        spans.open(at(3)); // It is open already.
        spans.close(at(5));
        spans.close(at(6));
        spans.open(at(8));
        assert_eq!(spans.within(at(0), at(4)), SimDuration::from_hours(2));
        assert_eq!(spans.within(at(4), at(10)), SimDuration::from_hours(3));
        assert_eq!(spans.within(at(5), at(8)), SimDuration::ZERO);
        assert!(spans.is_open() && spans.len() == 2);
    }
}
