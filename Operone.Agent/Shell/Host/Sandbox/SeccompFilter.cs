using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Operone.Agent.Shell.Host.Sandbox;

/// <summary>
/// The filter of system calls that an isolated command runs under: a program for the kernel's BPF machine (seccomp(2),
/// SECCOMP_SET_MODE_FILTER). It refuses what Docker's default profile refuses, and new namespaces of any sort.
/// </summary>
internal static class SeccompFilter
{
    /// <summary>The length of an instruction, in bytes (struct sock_filter).</summary>
    public const int InstructionBytes = 8;

    // what is loaded (struct seccomp_data)
    private const uint Number = 0, Architecture = 4, Argument0 = 16, Argument1 = 24;

    // instructions (linux/bpf_common.h)
    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfAtLeast = 0x35, JumpIfGreater = 0x25, JumpIfAnySet = 0x45, And = 0x54, Return = 0x06;

    // answers (linux/seccomp.h); EPERM is 1, ENOSYS is 38
    private const uint Allow = 0x7FFF0000, Refuse = 0x00050000 | 1, Unknown = 0x00050000 | 38, Kill = 0x80000000;

    /// <summary>CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.</summary>
    private const uint NewNamespaces = 0x7E020000;

    /// <summary>AF_VSOCK: the way to the host of a virtual machine, which no network namespace closes.</summary>
    private const uint VirtualSockets = 40;

    /// <summary>TIOCSTI and TIOCLINUX: they type into a terminal.</summary>
    private static readonly uint[] _typing = [0x5412, 0x541C];

    /// <summary>The number from which x86_64 calls are those of the x32 ABI, which the filter does not know.</summary>
    private const uint X32 = 0x40000000;

    /// <summary>The calls of this machine, or null where nobody has written them down.</summary>
    public static SystemCalls? Current => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => SystemCalls.X64,
        System.Runtime.InteropServices.Architecture.Arm64 => SystemCalls.Arm64,
        _ => null,
    };

    /// <summary>Makes the program.</summary>
    /// <param name="calls">The architecture.</param>
    /// <param name="keepProcessors">Whether it must stay on the processors that it was given.</param>
    public static byte[] Make(SystemCalls calls, bool keepProcessors)
    {
        var code = new Code();
        code.Add(Load, Architecture);
        code.Add(JumpIfEqual, calls.AuditArchitecture, 1, 0);
        code.Add(Return, Kill);
        code.Add(Load, Number);
        code.Add(JumpIfAtLeast, X32, 0, 1);
        code.Add(Return, Kill);
        code.Add(JumpIfGreater, calls.Last, 0, 1);
        code.Add(Return, Unknown);
        code.Answer(calls.Clone3, Unknown);
        foreach (var number in calls.Refused.Concat(keepProcessors ? [calls.SetAffinity] : []).Order())
        {
            code.Answer(number, Refuse);
        }

        // the low half of the argument tells: the kernel looks at no more of it. Each of these loads over the number, so each ends here.
        code.Add(JumpIfEqual, calls.Fork, 0, 4);
        code.Add(Load, Argument0);
        code.Add(JumpIfAnySet, NewNamespaces, 0, 1);
        code.Add(Return, Refuse);
        code.Add(Return, Allow);
        code.Add(JumpIfEqual, calls.Socket, 0, 4);
        code.Add(Load, Argument0);
        code.Add(JumpIfEqual, VirtualSockets, 0, 1);
        code.Add(Return, Refuse);
        code.Add(Return, Allow);
        code.Add(JumpIfEqual, calls.Ioctl, 0, 5);
        code.Add(Load, Argument1);
        code.Add(JumpIfEqual, _typing[0], 1, 0);
        code.Add(JumpIfEqual, _typing[1], 0, 1);
        code.Add(Return, Refuse);
        code.Add(Return, Allow);

        // personality: what it is now, PER_LINUX, PER_LINUX32 and their UNAME26, as containers may
        code.Add(JumpIfEqual, calls.Personality, 0, 5);
        code.Add(Load, Argument0);
        code.Add(JumpIfEqual, 0xFFFFFFFF, 3, 0);
        code.Add(And, ~0x20008u);
        code.Add(JumpIfEqual, 0, 1, 0);
        code.Add(Return, Refuse);
        code.Add(Return, Allow);
        return code.ToBytes();
    }

    private sealed class Code
    {
        private readonly List<byte> _bytes = new(1024);

        public void Add(ushort operation, uint operand, byte jumpTrue = 0, byte jumpFalse = 0)
        {
            Span<byte> instruction = stackalloc byte[InstructionBytes];
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, operation);
            instruction[2] = jumpTrue;
            instruction[3] = jumpFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], operand);
            _bytes.AddRange(instruction);
        }

        public void Answer(uint number, uint answer)
        {
            Add(JumpIfEqual, number, 0, 1);
            Add(Return, answer);
        }

        public byte[] ToBytes() => [.. _bytes];
    }
}
