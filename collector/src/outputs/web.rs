//! The pages.
mod alone;
pub(crate) mod assets;
mod backups;
mod day_bar;
mod figures;
mod host;
mod hosts;
mod markup;
mod month;
mod overview;
mod page;
mod report;
mod service;
mod ticket;
mod tickets;

#[cfg(test)]
mod tests;
