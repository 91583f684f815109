//! The pages.
pub(crate) mod assets;
mod day_bar;
mod hosts;
mod markup;
mod overview;
mod page;
mod tickets;

#[cfg(test)]
mod tests;
