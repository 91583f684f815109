//! Help desks as their published APIs describe them, and what they do on a bad day: whatever it is, each ticket of ours
//! becomes exactly one ticket there, in order, and its end arrives.

mod chaos;
mod desk;
mod faults;
mod followed;
mod glpi;
mod mail_tls;
mod once;
mod osticket;
mod real;
mod telegram;
mod world;
mod zammad;
