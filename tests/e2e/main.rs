//! Both programs as real processes on loopback, from sample to ticket.

mod alertmanager;
mod doctor;
mod eventually;
mod exporters;
mod fleet;
mod full_disk;
mod http_service;
mod observability;
mod office;
mod probed_servers;
mod programs;
mod prometheus;
mod refusals;
mod service_dies_and_returns;
mod webhook_receiver;
