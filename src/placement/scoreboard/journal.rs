//! The latest changes of nodes, numbered, so that each row can take in what it has not seen.

use crate::cluster::NodeChange;
use std::collections::VecDeque;

/// The latest changes.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Number of the first change that is kept.
    begin: u64,
    changes: VecDeque<NodeChange>,
}

impl Journal {
    /// Adds a change. Of a cluster of so many nodes more are kept than a row could take in faster than it is made anew.
    pub fn push(&mut self, change: NodeChange, nodes: usize) {
        self.changes.push_back(change);
        while self.changes.len() > 2 * nodes + 1024 {
            self.changes.pop_front();
            self.begin += 1;
        }
    }

    /// The number of the next change.
    pub fn end(&self) -> u64 {
        self.begin + self.changes.len() as u64
    }

    /// The changes from this number on; `None` when some of them are no longer kept.
    pub fn since(&self, number: u64) -> Option<impl Iterator<Item = NodeChange>> {
        let skipped = usize::try_from(number.checked_sub(self.begin)?).ok()?;
        Some(self.changes.range(skipped..).copied())
    }
}
