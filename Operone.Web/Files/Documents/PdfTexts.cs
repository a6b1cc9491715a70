using System.Diagnostics;
using System.Globalization;
using System.Text;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Documents;

/// <summary>Reads the text of PDFs, each in a process of its own, which has a limit of time and memory and nothing of the node's.</summary>
internal sealed partial class PdfTexts(TimeProvider time, ILogger<PdfTexts> logger) : IDisposable
{
    /// <summary>How many are read at once.</summary>
    private const int AtOnce = 2;

    /// <summary>How much memory one may take, in bytes, as the runtime reads it: in hexadecimal digits.</summary>
    private const string MemoryLimit = "18000000";

    /// <summary>How many bytes come back at the most.</summary>
    private const int MaxOutput = (PdfProgram.MaxText * 3) + (PdfProgram.MaxPages * 2) + 32;

    // what finds the runtime, and what a process needs on each system: no secrets
    private static readonly string[] _kept = ["PATH", "DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64", "TMPDIR", "TEMP", "TMP", "SystemRoot", "SYSTEMROOT", "LD_LIBRARY_PATH", "HOME"];

    private readonly SemaphoreSlim _free = new(AtOnce);

    /// <summary>How long one may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Reads one out of what was opened. What comes of it in time is given.</summary>
    /// <param name="path">What it is called, for people.</param>
    /// <param name="reading">It, from its first byte on.</param>
    /// <param name="cancellationToken">Ends its process.</param>
    public async Task<Result<PdfText>> ReadAsync(string path, IFileReading reading, CancellationToken cancellationToken)
    {
        if (reading.Entry.Size is > PdfProgram.MaxBytes)
        {
            return TooLarge(path);
        }

        await _free.WaitAsync(cancellationToken);
        try
        {
            using var limit = new CancellationTokenSource(Patience, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            using var process = Process.Start(HowToStart()) ?? throw new InvalidOperationException("No process for a PDF was started.");
            var output = new MemoryStream();
            var taking = TakeAsync(process.StandardOutput.BaseStream, output, stop.Token);
            try
            {
                var given = await GiveAsync(reading, process.StandardInput.BaseStream, path, stop.Token);
                if (given.IsError)
                {
                    return given.Error!;
                }

                await taking;
                if (output.Length < MaxOutput && !stop.IsCancellationRequested)
                {
                    await process.WaitForExitAsync(stop.Token);
                }

                cancellationToken.ThrowIfCancellationRequested();
                return Made(output, path, process.HasExited ? process.ExitCode : null);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Unreadable(path, "It takes too long.");
            }
            finally
            {
                End(process);
                await taking;
            }
        }
        finally
        {
            _free.Release();
        }
    }

    private Result<PdfText> Made(MemoryStream output, string path, int? status)
    {
        var text = Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length);
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        if (end > 0 && int.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            // a page that was not ended was not read whole
            var pages = text[(end + 1)..].Split('\f');
            return new PdfText(pages[..^1], count);
        }

        if (status is not (PdfProgram.Locked or PdfProgram.Unreadable))
        {
            Log.PdfFailed(logger, path, status);
        }

        return Unreadable(path, status == PdfProgram.Locked ? "It wants a password." : status is null ? "It takes too long." : "It is no PDF, or a broken one.");
    }

    private static async Task TakeAsync(Stream from, MemoryStream to, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (to.Length < MaxOutput && await from.ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                to.Write(buffer, 0, count);
            }
        }
        catch (OperationCanceledException)
        {
            // what has come until now is what there is
        }
    }

    private static async Task<Result<Unit>> GiveAsync(IFileReading reading, Stream to, string path, CancellationToken cancellationToken)
    {
        var buffer = new byte[FileLimits.PieceBytes];
        var (zeros, total) = (new byte[64 * 1024], 0L);
        try
        {
            await using (to)
            {
                while (true)
                {
                    var piece = await reading.ReadAsync(buffer, cancellationToken);
                    if (piece.IsError)
                    {
                        return piece.Error!;
                    }

                    total += piece.Value.Count + piece.Value.Hole;
                    if (total > PdfProgram.MaxBytes)
                    {
                        return TooLarge(path);
                    }

                    for (var hole = piece.Value.Hole; hole > 0; hole -= Math.Min(hole, zeros.Length))
                    {
                        await to.WriteAsync(zeros.AsMemory(0, (int)Math.Min(hole, zeros.Length)), cancellationToken);
                    }

                    if (piece.Value.IsEnd)
                    {
                        return Unit.Value;
                    }

                    await to.WriteAsync(buffer.AsMemory(0, piece.Value.Count), cancellationToken);
                }
            }
        }
        catch (IOException)
        {
            return Unit.Value; // it has ended before: its status says why
        }
    }

    private static ProcessStartInfo HowToStart()
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = false, UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        var program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "operone-web.exe" : "operone-web");
        if (File.Exists(program))
        {
            start.FileName = program;
        }
        else
        {
            start.FileName = Environment.ProcessPath ?? "dotnet";
            start.ArgumentList.Add(typeof(PdfProgram).Assembly.Location);
        }

        start.ArgumentList.Add(PdfProgram.Verb);
        start.Environment.Clear();
        foreach (var name in _kept)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                start.Environment[name] = value;
            }
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = MemoryLimit;
        start.Environment["DOTNET_GCgen0size"] = "1000000";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return start;
    }

    private static void End(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // it has ended by itself
        }
    }

    private static Error TooLarge(string path) => new(
        ErrorKind.Unprocessable, "pdf-too-large", "It is too large for its text to be read.", $"{path} has more than 32 MiB.");

    private static Error Unreadable(string path, string why) => new(ErrorKind.Unprocessable, "pdf-unreadable", "Its text could not be read.", $"{path}: {why}");

    public void Dispose() => _free.Dispose();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The text of the PDF {Path} could not be read: its process ended with {Status}")]
        public static partial void PdfFailed(ILogger logger, string path, int? status);
    }
}
