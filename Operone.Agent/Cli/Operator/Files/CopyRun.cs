using Operone.Core;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Agent.Cli.Operator.Files;

/// <summary>How a plan is carried out.</summary>
/// <param name="Preserve">Times and modes are kept.</param>
/// <param name="IsDryRun">It is only printed.</param>
/// <param name="IsQuiet">No progress.</param>
/// <param name="IsVerbose">Each file is printed.</param>
/// <param name="Window">How long it tries again.</param>
internal sealed record CopySettings(bool Preserve, bool IsDryRun, bool IsQuiet, bool IsVerbose, TimeSpan Window);

/// <summary>Carries a plan out: several files at a time, and what fails is said while the rest goes on.</summary>
internal sealed class CopyRun(FileRun run, CopyPlan plan, CopyOptions options, CopySettings settings)
{
    /// <summary>So many files at a time: small ones wait for the way there and back most of the time.</summary>
    private const int Lanes = 8;

    private readonly Lock _outputLock = new();
    private readonly List<TreePath> _withoutFolder = [];

    /// <summary>Does it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (settings.IsDryRun)
        {
            Print();
            return;
        }

        using var progress = new Progress(run.Cli, settings.IsQuiet, plan.Bytes, plan.Files);
        run.Progress = progress;
        foreach (var step in plan.Steps.Where(s => s.Kind == StepKind.Problem))
        {
            run.Fail(Name(step), step.Error!);
        }

        // in the plan's order: what is in the way goes before what takes its place
        var taken = plan.Steps.Where(s => s.Kind is StepKind.Folder or StepKind.File or StepKind.Link).Select(s => s.To).ToHashSet();
        foreach (var step in plan.Steps.Where(s => s.Kind == StepKind.Folder || (s.Kind == StepKind.Removed && taken.Contains(s.To))))
        {
            await (step.Kind == StepKind.Folder ? MakeFolderAsync(step, cancellationToken) : RemoveAsync(step, cancellationToken));
        }

        var copier = new FileCopier(run.Cli.Time, settings.Window, progress.Moved);
        var sent = plan is { From: LocalFiles here, To: RemoteFiles there }
            ? await new SmallUploads(here, there, progress).SendAsync([.. plan.Steps.Where(s => s.Kind == StepKind.File && !_withoutFolder.Exists(f => s.To.IsIn(f))).Select(s => (s, How(s)))], cancellationToken)
            : [];
        foreach (var step in sent)
        {
            Report(step, Unit.Value);
        }

        await Parallel.ForEachAsync(
            plan.Steps.Where(s => s.Kind is StepKind.File or StepKind.Link && !sent.Contains(s)), new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancellationToken },
            async (step, cancelled) =>
            {
                if (_withoutFolder.Exists(f => step.To.IsIn(f)))
                {
                    return;
                }

                var done = step.Kind == StepKind.File
                    ? await copier.CopyAsync(plan.From, step.Item, plan.To, step.To, How(step), cancelled)
                    : await LinkAsync(step, cancelled);
                progress.Done();
                Report(step, done);
            });

        if (run.Failures == 0)
        {
            foreach (var step in plan.Steps.Where(s => s.Kind == StepKind.Removed && !taken.Contains(s.To)))
            {
                await RemoveAsync(step, cancellationToken);
            }
        }
        else if (plan.Steps.Any(s => s.Kind == StepKind.Removed && !taken.Contains(s.To)))
        {
            run.Say("nothing was removed, since not all was copied");
        }

        if (settings.Preserve)
        {
            // from the innermost out: what is done in a folder changes its time
            foreach (var step in plan.Steps.Where(s => s.Item.Kind == FileKind.Folder && s.Kind is StepKind.Folder).Reverse())
            {
                if ((await plan.To.ChangeAsync(step.To, step.Item.Mode, step.Item.ModifiedAt, cancellationToken)).Error is { } error)
                {
                    run.Fail(Name(step), error);
                }
            }
        }

        run.Progress = null;
    }

    private CopyHow How(Step step)
    {
        // as cp does: a program stays one, and nothing else is taken over unless it is asked for
        var mode = settings.Preserve ? step.Item.Mode & 0x1FF
            : step.Replaced is null && step.Item is { Kind: FileKind.File, Mode: { } bits } && (bits & 0x49) != 0 ? bits & 0x1ED : null as int?;
        return new(!options.NoClobber, mode, settings.Preserve ? step.Item.ModifiedAt : null, step.Replaced);
    }

    private async Task MakeFolderAsync(Step step, CancellationToken cancellationToken)
    {
        if (_withoutFolder.Exists(f => step.To.IsIn(f)))
        {
            return;
        }

        var made = await plan.To.MakeFolderAsync(step.To, parents: false, cancellationToken);
        if (made.IsError)
        {
            _withoutFolder.Add(step.To);
        }

        Report(step, made);
    }

    private async Task RemoveAsync(Step step, CancellationToken cancellationToken) =>
        Report(step, await plan.To.RemoveAsync(step.To, recursive: true, trash: false, cancellationToken));

    private async Task<Result<Unit>> LinkAsync(Step step, CancellationToken cancellationToken)
    {
        if (step.Replaced is not null && (await plan.To.RemoveAsync(step.To, recursive: options.Delete, trash: false, cancellationToken)).Error is { } error)
        {
            return error;
        }

        return await plan.To.MakeLinkAsync(step.To, step.Item.Target ?? "", cancellationToken);
    }

    private void Report(Step step, Result<Unit> done)
    {
        if (done.Error is { } error)
        {
            run.Fail(Name(step), error);
        }
        else if (settings.IsVerbose)
        {
            lock (_outputLock)
            {
                run.Cli.OutputText.WriteLine(CliContext.Plain(Line(step)));
            }
        }
    }

    private void Print()
    {
        foreach (var step in plan.Steps.Where(s => s.Kind != StepKind.Same))
        {
            if (step.Kind == StepKind.Problem)
            {
                run.Fail(Name(step), step.Error!);
                continue;
            }

            run.Cli.OutputText.WriteLine(CliContext.Plain(Line(step)));
        }

        int Count(Func<Step, bool> which) => plan.Steps.Count(which);
        run.Cli.OutputText.WriteLine(
            $"{plan.Files} files to copy ({Quantities.FormatSize(plan.Bytes)}), {Count(s => s.Kind == StepKind.Folder)} folders and {Count(s => s.Kind == StepKind.Link)} links to make; "
            + $"{Count(s => s.Kind == StepKind.File && s.Replaced is not null)} are there and would be replaced, {Count(s => s.Kind == StepKind.Kept)} kept, "
            + $"{Count(s => s.Kind == StepKind.Same && s.Item.Kind != FileKind.Folder)} are the same, {Count(s => s.Kind == StepKind.Removed)} would be removed, {Count(s => s.Kind == StepKind.Problem)} cannot be copied");
        run.Cli.OutputText.Flush();
    }

    private string Name(Step step) => step.Kind == StepKind.Removed ? plan.To.Show(step.To) : $"{plan.From.Show(step.Item.Path)} -> {plan.To.Show(step.To)}";

    private string Line(Step step) => step.Kind switch
    {
        StepKind.File => $"{(step.Replaced is null ? "copy" : "replace")}  {Name(step)}  ({Quantities.FormatSize(step.Item.Size)})",
        StepKind.Folder => $"folder  {plan.To.Show(step.To)}",
        StepKind.Link => $"link  {Name(step)}",
        StepKind.Removed => $"remove  {Name(step)}",
        StepKind.Kept => $"keep  {plan.To.Show(step.To)}",
        _ => Name(step),
    };
}
