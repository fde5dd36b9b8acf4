//! Every address has one holder, is free, or belongs to Azure.

use crate::catalog::limits;
use crate::cluster::{AddressHolder, NodePhase, PodAddress, SubnetUse, World};
use crate::kernel::Id;
use std::collections::BTreeSet;

/// What holds after every event.
pub fn check(world: &World) {
    let (mut nodes, mut pods) = (0, 0);
    for (id, node) in world.nodes.iter() {
        let held = &node.addresses;
        let name = &node.info.name;
        let (Some(subnet), Some(own)) = (world.subnet_of(node.pool), held.own) else {
            assert!(held.pods.is_empty() && held.block.is_none(), "{name} holds addresses and has none itself");
            continue;
        };
        assert!(node.phase != NodePhase::Deleted, "{name} is gone and holds addresses");
        nodes += 1;
        let of = |subnet: crate::cluster::SubnetId, holder| {
            world.subnets[subnet]
                .held()
                .filter(|(_, by)| *by == holder)
                .map(|(at, _)| u32::from(at))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(subnet, AddressHolder::Node(id)), [own], "{name}");
        let of_pods = world.pod_subnet_of(node.pool).unwrap_or(subnet);
        let unit = if world.subnets[of_pods].purpose == SubnetUse::PodBlocks { 16 } else { 1 };
        let mut mine: Vec<u32> = held.pods.iter().map(|slot| slot * unit).collect();
        mine.sort_unstable();
        assert_eq!(of(of_pods, AddressHolder::Pods(id)), mine, "{name}");
        pods += mine.len() as u32 * unit;
        if let Some(range) = &world.pod_range {
            let blocks: Vec<_> = range.held().filter(|(_, by)| *by == id).collect();
            assert_eq!(blocks.len(), 1, "{name} has a block");
            assert_eq!(crate::cluster::PodRange::block(held.block.unwrap()), blocks[0].0);
        }
        let users = node.pods.iter().filter(|pod| world.pods[**pod].address == PodAddress::Held).count();
        assert!(users <= held.assigned as usize && held.assigned as usize <= held.pods.len(), "{name}: {held:?}");
        for pod in &held.waiting {
            assert_eq!(world.pods[*pod].address, PodAddress::Waiting);
        }
    }
    assert_eq!(world.subnets.iter().map(|(_, subnet)| subnet.nodes).sum::<u32>(), nodes);
    assert_eq!(world.subnets.iter().map(|(_, subnet)| subnet.pods).sum::<u32>(), pods);
    for (id, subnet) in world.subnets.iter() {
        let unit = if subnet.purpose == SubnetUse::PodBlocks { 16 } else { 1 };
        let held: Vec<u32> = subnet.held().map(|(address, _)| address.into()).collect();
        assert_eq!(held.iter().collect::<BTreeSet<_>>().len(), held.len(), "no address is held twice");
        let inside = |address: &&u32| subnet.prefix.contains(&std::net::Ipv4Addr::from(**address));
        assert!(held.iter().all(|address| inside(&address)), "every held address is one of the subnet");
        let mut now = subnet.clone();
        let free = now.free(world.clock);
        let size = 1u32 << (32 - subnet.prefix.prefix_len());
        let reserved = match subnet.purpose {
            SubnetUse::Nodes | SubnetUse::PodBatches => limits::RESERVED_ADDRESSES,
            SubnetUse::PodBlocks => size - now.usable(),
        };
        let used = held.len() as u32 * unit + now.cooling();
        assert_eq!(used + free + reserved, size, "subnet {}", id.index());
        assert_eq!(subnet.nodes + subnet.pods + subnet.others, held.len() as u32 * unit);
    }
    if let Some(range) = &world.pod_range {
        assert_eq!(range.held().count() as u32, range.used());
        assert!(range.used() <= range.room());
    }
}
