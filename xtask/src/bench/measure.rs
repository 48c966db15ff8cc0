//! Runs a command and measures it from outside: wall time, and the most memory any of its processes had resident.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Wall time.
    pub wall: Duration,
    /// Bytes resident at the peak, of the command's own process; looked at every two milliseconds.
    pub memory: u64,
}

/// Medians of several runs.
#[derive(Debug, Clone, Copy)]
pub struct Median {
    /// Of the wall times.
    pub wall: Duration,
    /// The largest peak.
    pub memory: u64,
}

/// Runs `command` once; its output is thrown away.
pub fn once(command: &mut Command) -> Result<Run, String> {
    timed(command, &[0])
}

/// The same for a command that judges: 1 says that it found something.
pub fn once_judging(command: &mut Command) -> Result<Run, String> {
    timed(command, &[0, 1])
}

fn timed(command: &mut Command, good: &[i32]) -> Result<Run, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("cannot run `{name}`: {error}"))?;
    let stderr = child.stderr.take();
    let talk = std::thread::spawn(move || stderr.map(std::io::read_to_string).transpose());
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()));
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_micros(if memory == 0 { 200 } else { 2000 })),
        }
    };
    let wall = started.elapsed();
    if status.code().is_some_and(|code| good.contains(&code)) {
        return Ok(Run { wall, memory });
    }
    let talk = talk.join().ok().and_then(Result::ok).flatten().unwrap_or_default();
    let tail: Vec<&str> = talk.lines().rev().take(12).collect();
    Err(format!("`{name}` failed ({status}):\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

/// Runs `one` as often as asked and takes medians.
pub fn median(runs: usize, mut one: impl FnMut(usize) -> Result<Run, String>) -> Result<Median, String> {
    let mut all = (0..runs).map(&mut one).collect::<Result<Vec<Run>, String>>()?;
    all.sort_by_key(|run| run.wall);
    let memory = all.iter().map(|run| run.memory).max().unwrap_or_default();
    Ok(Median { wall: all[all.len() / 2].wall, memory })
}

/// `VmHWM` of a process (proc(5)), in bytes; 0 when it has ended.
fn peak(pid: u32) -> u64 {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// `1.23 s` or `45.6 ms`.
pub fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 1.0 { format!("{seconds:.2} s") } else { format!("{:.1} ms", seconds * 1000.0) }
}

/// `12.3 MB`, in units of a million.
pub fn size(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
