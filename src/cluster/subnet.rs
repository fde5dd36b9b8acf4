//! A subnet and who holds which of its addresses.

use super::NodeId;
use super::slots::{self, Slots};
use crate::catalog::pod_subnet::{BLOCK, usable_blocks};
use crate::catalog::{limits, pod_subnet};
use crate::kernel::{SimDuration, SimTime};
use ipnet::Ipv4Net;
use std::collections::VecDeque;
use std::net::Ipv4Addr;

/// Who holds an address of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressHolder {
    /// A node, for itself.
    Node(NodeId),
    /// A node, for the pods on it.
    Pods(NodeId),
    /// The front end of an internal load balancer: which of the plan's.
    FrontEnd(u32),
    /// The private endpoint of the API server.
    PrivateEndpoint,
}

/// What a subnet is there for, which decides in what units its addresses are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubnetUse {
    /// Nodes, front ends, and the pods of nodes that have theirs in the same subnet.
    Nodes,
    /// Pods, whose nodes get single addresses in batches.
    PodBatches,
    /// Pods, whose nodes get blocks.
    PodBlocks,
}

/// A subnet: every address has one holder, is free, or belongs to Azure.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its prefix.
    pub prefix: Ipv4Net,
    /// What it is there for.
    pub purpose: SubnetUse,
    /// Addresses, or blocks of them, by their numbers.
    slots: Slots<AddressHolder>,
    /// Addresses held by nodes for themselves.
    pub nodes: u32,
    /// Addresses held by nodes for their pods.
    pub pods: u32,
    /// Addresses held by front ends and the private endpoint.
    pub others: u32,
    /// The most addresses ever in use at once.
    pub peak: u32,
    /// Requests that found too few addresses.
    pub exhaustions: u32,
    /// What the last of these wanted and found.
    pub shortage: Option<SubnetIsFull>,
    /// Nodes that wait for addresses for their pods, in the order of asking.
    pub waiting: VecDeque<NodeId>,
}

/// The subnet has too few free addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SubnetIsFull: {wanted} addresses wanted, {free} of {usable} free")]
pub struct SubnetIsFull {
    /// Addresses asked for.
    pub wanted: u32,
    /// Addresses free.
    pub free: u32,
    /// Addresses the subnet can hand out in all.
    pub usable: u32,
}

impl Subnet {
    /// A subnet of which nothing is used.
    #[must_use]
    pub fn new(prefix: Ipv4Net, purpose: SubnetUse) -> Self {
        // Azure keeps the first four addresses and the last.
        let first = u32::from(prefix.network()) + limits::RESERVED_ADDRESSES - 1;
        let slots = match purpose {
            SubnetUse::Nodes | SubnetUse::PodBatches => Slots::new(first, first + limits::usable_addresses(prefix)),
            SubnetUse::PodBlocks => {
                let first = u32::from(prefix.network()) / BLOCK + 1;
                Slots::new(first, first + usable_blocks(prefix))
            }
        };
        Self {
            prefix,
            purpose,
            slots,
            nodes: 0,
            pods: 0,
            others: 0,
            peak: 0,
            exhaustions: 0,
            shortage: None,
            waiting: VecDeque::new(),
        }
    }

    /// Addresses that can be handed out: all but Azure's five, or all blocks that none of these lies in.
    #[must_use]
    pub const fn usable(&self) -> u32 {
        self.slots.len() * self.unit()
    }

    /// Addresses in use: held, or released a moment ago.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.slots.used() * self.unit()
    }

    /// Addresses that can be taken now.
    pub fn free(&mut self, now: SimTime) -> u32 {
        self.slots.free(now) * self.unit()
    }

    /// Addresses that were released and cannot be taken yet.
    #[must_use]
    pub fn cooling(&self) -> u32 {
        self.slots.cooling() * self.unit()
    }

    /// Takes so many addresses, all or none. What comes back is for [`Subnet::release`].
    ///
    /// # Errors
    /// [`SubnetIsFull`] when fewer are free; the attempt is counted.
    pub fn take(&mut self, now: SimTime, wanted: u32, holder: AddressHolder) -> Result<Vec<u32>, SubnetIsFull> {
        self.require(now, wanted)?;
        let taken: Option<Vec<u32>> = (0..wanted.div_ceil(self.unit())).map(|_| self.slots.take(now, holder)).collect();
        let taken = taken.expect("there are as many as were counted");
        *self.count_of(holder) += slots::count(taken.len()) * self.unit();
        self.peak = self.peak.max(self.used());
        Ok(taken)
    }

    /// Says whether so many addresses are free.
    ///
    /// # Errors
    /// [`SubnetIsFull`] when fewer are free; the attempt is counted.
    pub fn require(&mut self, now: SimTime, wanted: u32) -> Result<(), SubnetIsFull> {
        let (free, usable) = (self.free(now), self.usable());
        if wanted <= free {
            return Ok(());
        }
        let shortage = SubnetIsFull { wanted, free, usable };
        self.exhaustions += 1;
        self.shortage = Some(shortage);
        Err(shortage)
    }

    /// Gives back what was taken. In a subnet of pods it can be taken again after a delay.
    ///
    /// # Panics
    /// When the holder does not hold all of it.
    pub fn release(&mut self, now: SimTime, taken: &[u32], holder: AddressHolder) {
        let delay = self.release_delay();
        for slot in taken {
            self.slots.release(now, *slot, holder, delay);
        }
        *self.count_of(holder) -= slots::count(taken.len()) * self.unit();
    }

    /// How long a released address of this subnet cannot be taken again.
    #[must_use]
    pub const fn release_delay(&self) -> SimDuration {
        match self.purpose {
            SubnetUse::Nodes => SimDuration::ZERO,
            SubnetUse::PodBatches | SubnetUse::PodBlocks => pod_subnet::RELEASE_DELAY,
        }
    }

    /// Every held address, or first address of a held block, with its holder, from the lowest on.
    pub fn held(&self) -> impl Iterator<Item = (Ipv4Addr, AddressHolder)> {
        let unit = self.unit();
        self.slots.iter().map(move |(slot, holder)| (Ipv4Addr::from(slot * unit), holder))
    }

    /// How many addresses a slot stands for.
    const fn unit(&self) -> u32 {
        match self.purpose {
            SubnetUse::Nodes | SubnetUse::PodBatches => 1,
            SubnetUse::PodBlocks => BLOCK,
        }
    }

    fn count_of(&mut self, holder: AddressHolder) -> &mut u32 {
        match holder {
            AddressHolder::Node(_) => &mut self.nodes,
            AddressHolder::Pods(_) => &mut self.pods,
            AddressHolder::FrontEnd(_) | AddressHolder::PrivateEndpoint => &mut self.others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const NOW: SimTime = SimTime::ZERO;

    fn holder(node: usize) -> AddressHolder {
        AddressHolder::Pods(NodeId::from_index(node))
    }

    #[test]
    fn a_slash_24_has_251_usable_addresses() {
        let mut subnet = Subnet::new("10.0.0.0/24".parse().unwrap(), SubnetUse::Nodes);
        assert_eq!(subnet.usable(), 251);
        subnet.take(NOW, 251, holder(0)).unwrap();
        let held: Vec<Ipv4Addr> = subnet.held().map(|(address, _)| address).collect();
        assert_eq!(held[0], Ipv4Addr::new(10, 0, 0, 4));
        assert_eq!(held[250], Ipv4Addr::new(10, 0, 0, 254));
    }

    #[test]
    fn a_flat_cni_slash_24_holds_eight_nodes_of_thirty_pods() {
        let mut subnet = Subnet::new("10.0.0.0/24".parse().unwrap(), SubnetUse::Nodes);
        let nodes = (0..20).take_while(|node| subnet.take(NOW, 31, holder(*node)).is_ok()).count();
        assert_eq!(nodes, 8);
        assert_eq!(subnet.exhaustions, 1);
        assert_eq!(subnet.take(NOW, 31, holder(9)), Err(SubnetIsFull { wanted: 31, free: 3, usable: 251 }));
    }

    #[test]
    fn blocks_lie_on_their_boundaries_and_off_azures_addresses() {
        let mut subnet = Subnet::new("10.0.0.0/26".parse().unwrap(), SubnetUse::PodBlocks);
        assert_eq!(subnet.usable(), 32);
        let blocks = subnet.take(NOW, 32, holder(0)).unwrap();
        let held: Vec<Ipv4Addr> = subnet.held().map(|(address, _)| address).collect();
        assert_eq!(held, [Ipv4Addr::new(10, 0, 0, 16), Ipv4Addr::new(10, 0, 0, 32)]);
        subnet.release(NOW, &blocks, holder(0));
        assert_eq!((subnet.used(), subnet.cooling(), subnet.free(NOW)), (32, 32, 0));
        let later = NOW + pod_subnet::RELEASE_DELAY;
        assert_eq!((subnet.free(later), subnet.used()), (32, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        /// Whatever nodes take and give back, and whenever: no address has two holders, and none is lost.
        #[test]
        fn used_free_and_reserved_addresses_are_the_whole_subnet(
            bits in 3u8..9,
            purpose in prop::sample::select(vec![SubnetUse::Nodes, SubnetUse::PodBatches, SubnetUse::PodBlocks]),
            steps in prop::collection::vec((0usize..6, 0u32..70, 0u64..8), 1..40),
        ) {
            let size = 1u32 << bits;
            let prefix = Ipv4Net::new(Ipv4Addr::new(10, 1, 0, 0), 32 - bits).unwrap();
            let mut subnet = Subnet::new(prefix, purpose);
            let mut held: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
            let mut now = NOW;
            for (node, wanted, seconds) in steps {
                now = now + SimDuration::from_secs(seconds);
                if let Some(taken) = held.remove(&node) {
                    subnet.release(now, &taken, holder(node));
                } else {
                    let free = subnet.free(now);
                    match subnet.take(now, wanted, holder(node)) {
                        Ok(taken) => {
                            prop_assert!(wanted <= free);
                            held.insert(node, taken);
                        }
                        Err(short) => prop_assert!(wanted > free && short.free == free),
                    }
                }
                let count = held.values().map(Vec::len).sum::<usize>() as u32 * subnet.unit();
                let reserved = match purpose {
                    SubnetUse::Nodes | SubnetUse::PodBatches => limits::RESERVED_ADDRESSES,
                    SubnetUse::PodBlocks => size.min(2 * BLOCK),
                };
                let free = subnet.free(now);
                prop_assert_eq!(count + subnet.cooling() + free + reserved, size);
                let mut all: Vec<u32> = held.values().flatten().map(|slot| slot * subnet.unit()).collect();
                all.sort_unstable();
                let known: Vec<u32> = subnet.held().map(|(address, _)| address.into()).collect();
                prop_assert_eq!(all, known);
            }
            for (node, taken) in held {
                subnet.release(now, &taken, holder(node));
            }
            let later = now + pod_subnet::RELEASE_DELAY;
            prop_assert_eq!((subnet.free(later), subnet.used(), subnet.pods), (subnet.usable(), 0, 0));
        }
    }
}
