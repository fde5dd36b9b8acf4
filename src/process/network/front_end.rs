//! Addresses of internal load balancers: the cloud controller asks for one for each front end, again and again until it gets it.
//!
//! Sources: azure-aks-docs, internal-lb.md, 2026-07-31 (whose subnet); kubernetes/cloud-provider, service controller (the wait between
//! two tries doubles from 5 s to 5 min).

use crate::cluster::{AddressHolder, Ctx, Event, Fact, SubnetId, World};
use crate::kernel::{Id, SimDuration};

const FIRST_WAIT: SimDuration = SimDuration::from_secs(5);
const LONGEST_WAIT: SimDuration = SimDuration::from_mins(5);

/// Every front end asks for its address once.
pub fn on_start(world: &World, ctx: &mut Ctx<'_>) {
    for index in 0..world.front_ends.len() {
        ctx.soon(Event::FrontEndWanted(u32::try_from(index).expect("fewer front ends than addresses")));
    }
}

/// The front end gets an address of its subnet, or asks again later.
pub fn on_front_end_wanted(world: &mut World, index: u32, ctx: &mut Ctx<'_>) {
    if !world.is_running() {
        ctx.after(LONGEST_WAIT, Event::FrontEndWanted(index));
        return;
    }
    let front_end = &mut world.front_ends[index as usize];
    let subnet = SubnetId::from_index(front_end.subnet);
    front_end.tries += 1;
    let wait = SimDuration::from_micros(FIRST_WAIT.micros() << (front_end.tries - 1).min(6)).min(LONGEST_WAIT);
    match world.subnets[subnet].take(ctx.now, 1, AddressHolder::FrontEnd(index)) {
        Ok(taken) => front_end.address = taken.first().copied(),
        Err(_) => ctx.after(wait, Event::FrontEndWanted(index)),
    }
    ctx.observe(Fact::FrontEndChanged(subnet, index));
}
