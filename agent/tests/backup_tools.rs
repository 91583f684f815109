//! Real backups made by the tools of Debian and looked at through the agent's sources. A test whose tool is not here says
//! so and proves nothing; `tests/run` installs them all.

#[path = "backup_tools/bench.rs"]
mod bench;
#[path = "backup_tools/databases.rs"]
mod databases;
#[path = "backup_tools/repositories.rs"]
mod repositories;
