//! Addresses: the plan beside the simulation, the table of subnet sizes, and another network model beside the present one.

pub mod migration;
pub mod report;
pub mod sizes;

use super::table::STYLE;
use comfy_table::{ContentArrangement, Table};

/// Width of a table where no terminal sets one.
const WIDTH: u16 = 132;

/// An empty table in the style of all others.
fn table(fitted: bool) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if !fitted {
        table.set_width(WIDTH);
    }
    table
}
