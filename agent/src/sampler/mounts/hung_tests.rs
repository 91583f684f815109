//! A real file system that never answers: mounted through `/dev/fuse`, whose other end is held open and never read.
//! Needs root and that device; elsewhere it says so and passes.

use super::*;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Holds the other end of the device until its standard input is closed.
const HOLD: &str = "exec 3<>/dev/fuse && \
     mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hung \"$0\" && echo mounted && cat; \
     umount -l \"$0\"";

struct Hung(Child);

impl Hung {
    fn mount(point: &Path) -> Option<Self> {
        let spawned = Command::new("sh")
            .args(["-c", HOLD])
            .arg(point)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.ok()?;
        let mut told = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut told).ok()?;
        (told == "mounted\n").then_some(Self(child))
    }

    /// Lets go: the kernel then answers who waits with an error.
    fn release(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("ends");
    }
}

fn mounted(points: &[&Path]) -> Vec<Filesystem> {
    points
        .iter()
        .map(|point| Filesystem { mount_point: point.display().to_string(), ..Filesystem::default() })
        .collect()
}

#[tokio::test]
async fn a_file_system_that_never_answers_delays_nothing_else() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let hung_point = folder.path().join("hung");
    std::fs::create_dir(&hung_point).expect("makes");
    let Some(hung) = Hung::mount(&hung_point) else {
        println!("no file system can be mounted through /dev/fuse here: the hung mount is not tried");
        return;
    };
    let name = hung_point.display().to_string();
    let points = [Path::new("/"), &hung_point];
    let mut reader = SpaceReader::default();
    let mut filesystems = mounted(&points);
    let asked = tokio::time::timeout(DEADLINE * 3, reader.fill(&mut filesystems, read_space)).await;
    assert_eq!(asked.expect("does not wait for it"), [name.as_str()]);
    assert!(filesystems[0].size_bytes > Some(0) && filesystems[1].size_bytes.is_none());
    for _ in 0..3 {
        let mut filesystems = mounted(&points);
        let asked = tokio::time::timeout(DEADLINE * 3, reader.fill(&mut filesystems, read_space)).await;
        assert_eq!(asked.expect("does not wait for it"), [name.as_str()]);
        assert!(filesystems[0].size_bytes > Some(0), "the others are asked all the same");
        assert_eq!(reader.stuck.len(), 1, "one stuck call and no more");
    }
    hung.release();
    let ended = tokio::time::timeout(DEADLINE * 10, async {
        while reader.stuck.iter().any(|(_, handle)| !handle.is_finished()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    ended.await.expect("the stuck call returns once the file system is gone");
    let mut filesystems = mounted(&points);
    assert_eq!(reader.fill(&mut filesystems, read_space).await, Vec::<String>::new(), "an empty folder answers");
    assert!(reader.stuck.is_empty());
}
