//! The rules: pure functions from recorded facts and a given instant to a judgement.
//!
//! Nothing here reads a clock, a file, the network or the environment, logs, or knows of rows, JSON or text for
//! people; every number it returns can be computed again from the same facts. Instants are UTC integers, intervals
//! half-open, ratios compared by cross-multiplication, *unknown* is a value. Zones exist in [`calendar`] only.
//!
//! | module | holds |
//! |---|---|
//! | [`interval`] | half-open intervals and sets of them |
//! | [`calendar`] | service time in a zone, periods, arithmetic in open time |
//! | [`state`] | states, timelines, from raw results over confirmation and quorum to a timeline |
//! | [`composite`] | a service from its components |
//! | [`alert`] | alerts of another program: when a group of them is a disturbance |
//! | [`assignment`] | what a host is asked to watch |
//! | [`availability`] | timeline + service time + maintenance + corrections → figures and verdict |
//! | [`failed_units`] | units of systemd that stay failed |
//! | [`forecast`] | when a file system will be full |
//! | [`isolation`] | a vantage that is cut off sees nothing: its failures are unknown |
//! | [`improvement`] | what the facts of a period suggest to do |
//! | [`certificate`] | certificates that run out |
//! | [`check_target`] | what a check asks, in one line |
//! | [`clock_skew`] | when an observation was really made |
//! | [`catalogue`] | services with their eleven fields, checks, backup sets |
//! | [`profile`] | the regulation as data |
//! | [`ticket`] | the 15-field ticket and its states |
//! | [`problem`] | what lies behind tickets that come back, and its follow-up |
//! | [`own_clock`] | a host's clock by its own timekeeping |
//! | [`phrase`] | a sentence that is not yet in a language |
//! | [`route`] | which receivers hear of a ticket |
//! | [`rate`] | counters to rates and shares, never a spike |
//! | [`threshold`] | hysteresis and hold over a host's readings |
//! | [`rule`] | the rules that open tickets: what is set of them, and a rehearsal over the past |
//! | [`silence`] | a host that is no longer heard |
//! | [`reboot`] | a host that starts again and again |
//! | [`register`] | planned maintenance and corrections: proposed, approved, on record |
//! | [`storm`] | many hosts silent together: one ticket |
//! | [`rpo`] | freshness of backups |
//! | [`sizing`] | how many bytes a site takes on disk |
//! | [`burn`] | how fast the error budget is being used up |
//! | [`catalogue`] | services, checks, backup sets: what is watched against which target |
//! | [`profile`] | the regulation as data |
//! | [`ticket`] | the disturbance ticket and its states |
//! | [`phrase`] | a sentence before it is in a language |

pub mod alert;
pub mod assignment;
pub mod availability;
pub mod burn;
pub mod calendar;
pub mod catalogue;
pub mod certificate;
pub mod check_target;
pub mod clock_skew;
pub mod composite;
pub mod duty;
pub mod failed_units;
pub mod forecast;
pub mod improvement;
pub mod interval;
pub mod isolation;
pub mod own_clock;
pub mod phrase;
pub mod problem;
pub mod profile;
pub mod rate;
pub mod reboot;
pub mod register;
pub mod route;
pub mod rpo;
pub mod rule;
pub mod silence;
pub mod sizing;
pub mod state;
pub mod storm;
pub mod threshold;
pub mod ticket;
