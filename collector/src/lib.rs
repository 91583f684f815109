//! The collector: receives, keeps, judges and tells.
//!
//! ```text
//! agents ──HTTPS──► ingest ──► store ──► engine (load, decide, commit, announce) ──► snapshot ──► web, api, metrics
//!                              (facts)        └─ domain: the pure rules ─┘        └► outbox ──► receivers
//! ```
//!
//! | module | says what lives there | does not know |
//! |---|---|---|
//! | [`domain`] | the pure rules | clocks, files, sockets, the store |
//! | [`ingest`] | batches in: authenticated, capped, committed, then acknowledged; joining | what observations mean |
//! | [`store`] | one SQLite file, one writer, readers apart | what anything means |
//! | [`series`] | the table of all that a host measures | where values are kept |
//! | [`engine`] | the four steps, commands, delivery | SQL, HTTP |
//! | [`snapshot`] | the read model | how it came about |
//! | [`outputs`] | web, API, metrics, receivers | how to change state |
//! | [`auth`] | who may come in | pages |
//! | [`server`], [`tls`] | addresses, connections, the certificate | what is served |
//! | [`texts`] | both languages | who reads them |
//! | [`demo`] | a simulated office, through the same rules | any short cut around them |
//! | [`config`] | collector.toml, the catalogue's and the profile's file; all faults at once | what is done with them |
//! | [`clock_board`] | how far hosts' clocks are off, noted at receipt | what follows from it |
//! | `host_series` | a host's series over a span, for pages and API | how it is shown |
//! | [`rulebook`] | by which rules each service is counted and judged | the ledger |
//! | [`backup_period`] | a backup set, or a service by its sets, over a period against the RPO | how it is shown |
//! | [`service_period`], [`report`] | a service over a period, judged once for pages, API and reports | how it is shown |
//! | [`review`] | the periodic review of disturbances, and records of problems | how tickets come about |
//! | [`correction_preview`] | what a correction would change, month by month | how it is shown |
//! | [`revising`] | a new revision of the catalogue: what it changes, from when | how it is watched |
//! | [`delivery_stats`] | what each receiver took, refused and failed to take | receivers |
//! | [`system`] | the collector's own figures and its need of room, for page, API and `check-config` | how they are shown |
//! | `rule_list` | every rule as it stands, for page and API | how it is shown |
//! | [`replay`] | a rule over the past: which tickets it would have opened, with other values too | how a rule judges |
//! | [`explain`] | from a figure down to the raw answers behind it, for page, API and command line | any rule of its own |
//! | `ticket_form`, `ticket_evidence` | a ticket's fifteen fields and what it was opened on, as they leave | which are sent where |
//! | [`space_watch`] | the disk of the data folder, looked at | what a look means |
//! | [`run`], [`opening`], [`app`] | wiring: start, run, stop | any rule |
//! | [`admin`] | commands of this machine's administrator, over a Unix socket | the network |
//! | [`own_backup`] | copies of the own store, restoring, integrity | SQL |
//! | [`openings`] | when calendars open next, in words | which service time counts |
//! | [`quickstart`] | one command to see it all | an office's needs |
//! | [`clock`] | the only reader of the clock | |

pub mod admin;
pub mod app;
pub mod auth;
pub mod backup_period;
pub mod clock;
pub mod clock_board;
mod closing;
pub mod config;
pub mod correction_preview;
pub mod delivery_stats;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod explain;
mod host_series;
pub mod http_error;
pub mod ingest;
pub mod opening;
pub mod openings;
pub mod outputs;
pub mod own_backup;
pub mod quickstart;
pub mod replay;
pub mod report;
mod retention;
pub mod review;
pub mod revising;
mod rule_list;
pub mod rulebook;
pub mod run;
pub mod self_stats;
pub mod series;
pub mod server;
pub mod service_period;
mod shutdown;
pub mod snapshot;
pub mod space_watch;
pub mod store;
pub mod system;
pub mod texts;
mod ticket_evidence;
mod ticket_form;
pub mod tls;
