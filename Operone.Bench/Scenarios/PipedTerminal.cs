using System.Diagnostics;
using System.Text;

namespace Operone.Bench.Scenarios;

/// <summary>A program at whose other end is a terminal, such as <c>ssh -tt</c>: typed into and read through pipes.</summary>
internal sealed class PipedTerminal : IDisposable
{
    private readonly Process _process;
    private readonly Stream _in;
    private readonly Stream _out;
    private readonly byte[] _buffer = new byte[256 * 1024];

    public PipedTerminal(string program, IEnumerable<string> arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        (_in, _out) = (_process.StandardInput.BaseStream, _process.StandardOutput.BaseStream);
    }

    /// <summary>Types.</summary>
    public void Type(ReadOnlySpan<byte> bytes)
    {
        _in.Write(bytes);
        _in.Flush();
    }

    /// <summary>The next bytes that are printed.</summary>
    public ReadOnlySpan<byte> Read()
    {
        var count = _out.Read(_buffer);
        return count > 0 ? _buffer.AsSpan(0, count) : throw new InvalidOperationException($"{_process.ProcessName} ended.");
    }

    /// <summary>Reads until this was printed, at the very end of what came. Gives how many bytes came.</summary>
    public long ReadUntil(string text)
    {
        var wanted = Encoding.ASCII.GetBytes(text);
        var tail = new List<byte>();
        for (var count = 0L; ;)
        {
            var piece = Read();
            count += piece.Length;
            tail.AddRange(piece[^Math.Min(piece.Length, wanted.Length)..]);
            tail.RemoveRange(0, Math.Max(0, tail.Count - wanted.Length));
            if (tail.SequenceEqual(wanted))
            {
                return count;
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
