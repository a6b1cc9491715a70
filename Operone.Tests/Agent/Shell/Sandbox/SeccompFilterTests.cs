using System.Buffers.Binary;
using System.Runtime.Versioning;
using Operone.Agent.Shell.Host.Sandbox;
using Xunit;

namespace Operone.Tests.Agent.Shell.Sandbox;

/// <summary>The filter, run as the kernel would: on both architectures, whichever this machine has.</summary>
[SupportedOSPlatform("linux")]
public sealed class SeccompFilterTests
{
    private const uint Allow = 0x7FFF0000, Refuse = 0x00050001, Unknown = 0x00050026, Kill = 0x80000000;

    public static TheoryData<string> Architectures => ["x64", "arm64"];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Filter_RefusesWhatIsListedAndAllowsTheRest(string name)
    {
        var calls = Of(name);
        var filter = SeccompFilter.Make(calls, keepProcessors: false);
        for (uint number = 0; number <= calls.Last; number++)
        {
            var expected = number == calls.Clone3 ? Unknown : calls.Refused.Contains(number) || number == calls.Personality ? Refuse : Allow;
            Assert.Equal(expected, Run(filter, calls.AuditArchitecture, number, number == calls.Personality ? 0x40000u : 0));
        }

        Assert.Equal(Unknown, Run(filter, calls.AuditArchitecture, calls.Last + 1));
        Assert.InRange(filter.Length / SeccompFilter.InstructionBytes, 10, 4096);
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Filter_LooksAtArguments(string name)
    {
        var calls = Of(name);
        var filter = SeccompFilter.Make(calls, keepProcessors: true);
        Assert.Equal(Allow, Run(filter, calls.AuditArchitecture, calls.Fork, 0x01200011)); // as fork() does
        foreach (var shift in (int[])[17, 25, 26, 27, 28, 29, 30])
        {
            Assert.Equal(Refuse, Run(filter, calls.AuditArchitecture, calls.Fork, (1u << shift) | 17));
        }

        Assert.Equal(Refuse, Run(filter, calls.AuditArchitecture, calls.Socket, 40));
        Assert.Equal(Allow, Run(filter, calls.AuditArchitecture, calls.Socket, 2));
        Assert.Equal(Refuse, Run(filter, calls.AuditArchitecture, calls.Ioctl, 0, 0x5412));
        Assert.Equal(Refuse, Run(filter, calls.AuditArchitecture, calls.Ioctl, 0, 0x541C));
        Assert.Equal(Allow, Run(filter, calls.AuditArchitecture, calls.Ioctl, 0, 0x5401));
        Assert.Equal(Allow, Run(filter, calls.AuditArchitecture, calls.Personality, 0xFFFFFFFF));
        Assert.Equal(Allow, Run(filter, calls.AuditArchitecture, calls.Personality, 8));
        Assert.Equal(Refuse, Run(filter, calls.AuditArchitecture, calls.SetAffinity));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Filter_OnAnotherArchitecture_Kills(string name)
    {
        var filter = SeccompFilter.Make(Of(name), keepProcessors: false);
        Assert.Equal(Kill, Run(filter, 0x40000003, 1)); // i386
        Assert.Equal(Kill, Run(filter, Of(name).AuditArchitecture, 0x40000001)); // x32
    }

    private static SystemCalls Of(string name) => name == "x64" ? SystemCalls.X64 : SystemCalls.Arm64;

    private static uint Run(byte[] filter, uint architecture, uint number, uint argument0 = 0, uint argument1 = 0)
    {
        var accumulator = 0u;
        for (var at = 0; ; at++)
        {
            var instruction = filter.AsSpan(at * SeccompFilter.InstructionBytes, SeccompFilter.InstructionBytes);
            var (jumpTrue, jumpFalse) = (instruction[2], instruction[3]);
            var operand = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            bool? jump = null;
            switch (BinaryPrimitives.ReadUInt16LittleEndian(instruction))
            {
                case 0x20:
                    accumulator = operand switch { 0 => number, 4 => architecture, 16 => argument0, 24 => argument1, _ => throw new InvalidOperationException($"loads {operand}") };
                    break;
                case 0x15:
                    jump = accumulator == operand;
                    break;
                case 0x25:
                    jump = accumulator > operand;
                    break;
                case 0x35:
                    jump = accumulator >= operand;
                    break;
                case 0x45:
                    jump = (accumulator & operand) != 0;
                    break;
                case 0x54:
                    accumulator &= operand;
                    break;
                case 0x06:
                    return operand;
                default:
                    throw new InvalidOperationException("an unknown instruction");
            }

            at += jump switch { true => jumpTrue, false => jumpFalse, null => 0 };
        }
    }
}
