//! The default system call filter, as a classic BPF program (seccomp(2)).
//!
//! It refuses what container engines refuse: calls that reach the kernel as a whole rather than the process (modules,
//! clocks, mounts, swap, tracing of the kernel, foreign memory, new namespaces), calls newer than the list, and calls
//! of a foreign architecture. What a container may do stays allowed. Capabilities decide about the rest: a call that
//! needs one that the sandbox does not hold fails without any filter.

use libc::{c_long, sock_filter};

/// Refused with EPERM.
const REFUSED: &[c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_set_mempolicy,
    libc::SYS_set_mempolicy_home_node,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
];

/// Answered as if the kernel were too old, so that programs use what came before: the flags of clone3 lie in memory
/// that a filter cannot read, and io_uring works past filters.
const UNKNOWN: &[c_long] =
    &[libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// The newest call this list has an opinion on (Linux 6.10, `mseal`): newer ones do not exist.
const NEWEST: u32 = 462;

/// Every `CLONE_NEW…` flag: CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET.
const NEW_NAMESPACES: u32 = 0x7e02_0000;

/// The personalities that do not weaken anything: Linux, its 32-bit uname, and asking for the current one.
const PERSONALITIES: [u32; 5] = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Faked terminal input and console selection: ways out of a sandbox that shares its caller's terminal.
const TERMINAL_REQUESTS: [u32; 2] = [libc::TIOCSTI as u32, 0x541c];

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Offsets in `struct seccomp_data`; arguments are 64-bit little-endian words.
const NUMBER: u32 = 0;
const ARCHITECTURE_WORD: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

/// The filter for this architecture.
///
/// One comparison per listed call; since Linux 5.11 the kernel remembers which calls are always allowed and does not
/// run the program for them at all.
pub(crate) fn default_filter() -> Vec<sock_filter> {
    let mut program = Program(Vec::with_capacity(200));
    program.load(ARCHITECTURE_WORD);
    program.unless_equal(ARCHITECTURE, &[answer(libc::ENOSYS)]);
    program.load(NUMBER);
    // Also catches the x32 numbers of x86-64, which start at 2^30.
    program.if_greater(NEWEST, &[answer(libc::ENOSYS)]);
    for &call in REFUSED {
        program.if_equal(number(call), &[answer(libc::EPERM)]);
    }
    for &call in UNKNOWN {
        program.if_equal(number(call), &[answer(libc::ENOSYS)]);
    }
    program.if_equal(
        number(libc::SYS_clone),
        &[load(argument(0)), jump(libc::BPF_JSET, NEW_NAMESPACES, 0, 1), answer(libc::EPERM), ALLOW],
    );
    // AF_VSOCK talks to the hypervisor, whatever the network namespace.
    program.if_equal(
        number(libc::SYS_socket),
        &[load(argument(0)), jump(libc::BPF_JEQ, libc::AF_VSOCK as u32, 0, 1), answer(libc::EPERM), ALLOW],
    );
    let mut terminal = vec![load(argument(1))];
    for request in TERMINAL_REQUESTS {
        terminal.extend([jump(libc::BPF_JEQ, request, 0, 1), answer(libc::EPERM)]);
    }
    terminal.push(ALLOW);
    program.if_equal(number(libc::SYS_ioctl), &terminal);
    let mut personality = vec![load(argument(0))];
    for value in PERSONALITIES {
        personality.extend([jump(libc::BPF_JEQ, value, 0, 1), ALLOW]);
    }
    personality.push(answer(libc::EPERM));
    program.if_equal(number(libc::SYS_personality), &personality);
    program.0.push(ALLOW);
    program.0
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

struct Program(Vec<sock_filter>);

impl Program {
    fn load(&mut self, offset: u32) {
        self.0.push(load(offset));
    }

    fn if_equal(&mut self, value: u32, then: &[sock_filter]) {
        self.0.push(jump(libc::BPF_JEQ, value, 0, then.len() as u8));
        self.0.extend_from_slice(then);
    }

    fn unless_equal(&mut self, value: u32, then: &[sock_filter]) {
        self.0.push(jump(libc::BPF_JEQ, value, then.len() as u8, 0));
        self.0.extend_from_slice(then);
    }

    fn if_greater(&mut self, value: u32, then: &[sock_filter]) {
        self.0.push(jump(libc::BPF_JGT, value, 0, then.len() as u8));
        self.0.extend_from_slice(then);
    }
}

const ALLOW: sock_filter = give_back(libc::SECCOMP_RET_ALLOW);

const fn answer(errno: i32) -> sock_filter {
    give_back(libc::SECCOMP_RET_ERRNO | errno as u32)
}

const fn give_back(value: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: value }
}

const fn load(offset: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

const fn jump(comparison: u32, value: u32, if_true: u8, if_false: u8) -> sock_filter {
    sock_filter {
        code: (libc::BPF_JMP | comparison | libc::BPF_K) as u16,
        jt: if_true,
        jf: if_false,
        k: value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel would, for the few instructions it consists of.
    fn judge(architecture: u32, call: u32, arguments: [u64; 2]) -> u32 {
        let mut data = [0; 64];
        data[0..4].copy_from_slice(&call.to_le_bytes());
        data[4..8].copy_from_slice(&architecture.to_le_bytes());
        data[16..24].copy_from_slice(&arguments[0].to_le_bytes());
        data[24..32].copy_from_slice(&arguments[1].to_le_bytes());
        let program = default_filter();
        let (mut accumulator, mut place) = (0, 0);
        loop {
            let instruction = program[place];
            place += 1;
            let holds = match u32::from(instruction.code) {
                code if code == libc::BPF_RET | libc::BPF_K => return instruction.k,
                code if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                    let offset = instruction.k as usize;
                    accumulator = u32::from_le_bytes(data[offset..offset + 4].try_into().unwrap());
                    continue;
                }
                code if code == libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K => accumulator == instruction.k,
                code if code == libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K => accumulator > instruction.k,
                code if code == libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K => {
                    accumulator & instruction.k != 0
                }
                code => panic!("unexpected instruction {code:#x}"),
            };
            place += usize::from(if holds { instruction.jt } else { instruction.jf });
        }
    }

    fn verdict(call: c_long, arguments: [u64; 2]) -> Result<(), i32> {
        match judge(ARCHITECTURE, number(call), arguments) {
            libc::SECCOMP_RET_ALLOW => Ok(()),
            other => Err((other & 0xffff) as i32),
        }
    }

    #[test]
    fn ordinary_calls_pass_and_dangerous_ones_do_not() {
        for call in [libc::SYS_read, libc::SYS_execve, libc::SYS_chown, libc::SYS_ptrace, libc::SYS_seccomp] {
            assert_eq!(verdict(call, [0, 0]), Ok(()));
        }
        for &call in REFUSED {
            assert_eq!(verdict(call, [0, 0]), Err(libc::EPERM));
        }
        for &call in UNKNOWN {
            assert_eq!(verdict(call, [0, 0]), Err(libc::ENOSYS));
        }
    }

    #[test]
    fn unknown_and_foreign_calls_do_not_exist() {
        assert_eq!(verdict(463, [0, 0]), Err(libc::ENOSYS));
        assert_eq!(verdict(0x4000_0000, [0, 0]), Err(libc::ENOSYS));
        assert_eq!(judge(0x4000_0003, 1, [0, 0]), libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);
    }

    #[test]
    fn threads_may_be_made_but_no_namespaces() {
        let thread = 0x3d_0f00;
        assert_eq!(verdict(libc::SYS_clone, [thread, 0]), Ok(()));
        for flag in [libc::CLONE_NEWUSER, libc::CLONE_NEWNS, libc::CLONE_NEWNET, libc::CLONE_NEWPID] {
            assert_eq!(verdict(libc::SYS_clone, [flag as u64 | thread, 0]), Err(libc::EPERM));
        }
    }

    #[test]
    fn arguments_decide_about_sockets_terminals_and_personalities() {
        assert_eq!(verdict(libc::SYS_socket, [libc::AF_INET as u64, 0]), Ok(()));
        assert_eq!(verdict(libc::SYS_socket, [libc::AF_VSOCK as u64, 0]), Err(libc::EPERM));
        assert_eq!(verdict(libc::SYS_ioctl, [0, libc::TCGETS]), Ok(()));
        assert_eq!(verdict(libc::SYS_ioctl, [0, libc::TIOCSTI]), Err(libc::EPERM));
        assert_eq!(verdict(libc::SYS_personality, [0xffff_ffff, 0]), Ok(()));
        assert_eq!(verdict(libc::SYS_personality, [0x0040_0000, 0]), Err(libc::EPERM));
    }
}
