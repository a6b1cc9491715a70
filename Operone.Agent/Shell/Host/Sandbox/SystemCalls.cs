namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>The system calls of an architecture that the filter knows, by number.</summary>
/// <param name="AuditArchitecture">The architecture as seccomp(2) tells it (AUDIT_ARCH_*).</param>
/// <param name="Last">The last number that was known when this was written; what comes after it does not exist in there.</param>
/// <param name="Refused">Those that are refused whatever their arguments.</param>
/// <param name="Fork">clone(2).</param>
/// <param name="Clone3">clone3(2): its flags are in memory, where a filter cannot see them.</param>
/// <param name="Socket">socket(2).</param>
/// <param name="Ioctl">ioctl(2).</param>
/// <param name="Personality">personality(2).</param>
/// <param name="SetAffinity">sched_setaffinity(2).</param>
internal sealed record SystemCalls(
    uint AuditArchitecture, uint Last, IReadOnlyList<uint> Refused, uint Fork, uint Clone3, uint Socket, uint Ioctl, uint Personality, uint SetAffinity)
{
    /// <summary>From this number on the calls are the same on every architecture.</summary>
    private static readonly uint[] _common =
    [
        424, // pidfd_send_signal: signals by a descriptor from outside
        425, 426, 427, // io_uring_setup, io_uring_enter, io_uring_register
        428, 429, 430, 431, 432, 433, // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick
        438, // pidfd_getfd
        440, // process_madvise
        442, 443, // mount_setattr, quotactl_fd
        448, // process_mrelease
        450, // set_mempolicy_home_node
        457, 458, // statmount, listmount
        467, // open_tree_attr
    ];

    /// <summary>x86_64 (arch/x86/entry/syscalls/syscall_64.tbl).</summary>
    public static SystemCalls X64 { get; } = new(
        0xC000003E, 469,
        [
            .. _common,
            101, // ptrace
            103, // syslog
            134, 136, // uselib, ustat
            139, // sysfs
            153, 154, 155, 156, // vhangup, modify_ldt, pivot_root, _sysctl
            159, // adjtimex
            161, // chroot
            163, 164, 165, 166, 167, 168, 169, 170, 171, // acct, settimeofday, mount, umount2, swapon, swapoff, reboot, sethostname, setdomainname
            172, 173, 174, 175, 176, 177, 178, 179, 180, // iopl, ioperm, create_module, init_module, delete_module, get_kernel_syms, query_module, quotactl, nfsservctl
            212, // lookup_dcookie
            227, // clock_settime
            237, 238, 239, // mbind, set_mempolicy, get_mempolicy
            246, // kexec_load
            248, 249, 250, // add_key, request_key, keyctl
            256, // migrate_pages
            272, // unshare
            279, // move_pages
            298, // perf_event_open
            300, // fanotify_init
            303, 304, 305, // name_to_handle_at, open_by_handle_at, clock_adjtime
            308, // setns
            310, 311, 312, 313, // process_vm_readv, process_vm_writev, kcmp, finit_module
            320, 321, 323, // kexec_file_load, bpf, userfaultfd
        ],
        Fork: 56, Clone3: 435, Socket: 41, Ioctl: 16, Personality: 135, SetAffinity: 203);

    /// <summary>arm64 (include/uapi/asm-generic/unistd.h).</summary>
    public static SystemCalls Arm64 { get; } = new(
        0xC00000B7, 469,
        [
            .. _common,
            18, // lookup_dcookie
            39, 40, 41, 42, // umount2, mount, pivot_root, nfsservctl
            51, // chroot
            58, 60, // vhangup, quotactl
            89, // acct
            97, // unshare
            104, 105, 106, // kexec_load, init_module, delete_module
            112, // clock_settime
            116, 117, // syslog, ptrace
            142, // reboot
            161, 162, // sethostname, setdomainname
            170, 171, // settimeofday, adjtimex
            217, 218, 219, // add_key, request_key, keyctl
            224, 225, // swapon, swapoff
            235, 236, 237, 238, 239, // mbind, get_mempolicy, set_mempolicy, migrate_pages, move_pages
            241, // perf_event_open
            262, // fanotify_init
            264, 265, 266, 268, // name_to_handle_at, open_by_handle_at, clock_adjtime, setns
            270, 271, 272, 273, // process_vm_readv, process_vm_writev, kcmp, finit_module
            280, 282, // bpf, userfaultfd
            294, // kexec_file_load
        ],
        Fork: 220, Clone3: 435, Socket: 198, Ioctl: 29, Personality: 92, SetAffinity: 122);
}
