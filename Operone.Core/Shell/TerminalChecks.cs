using Operone.Core.Errors;

namespace Operone.Core.Shell;

/// <summary>The check of a request for a terminal. Pure, so that every door can use it.</summary>
public static class TerminalChecks
{
    /// <summary>The longest title, in characters.</summary>
    public const int MaxTitle = 100;

    /// <summary>Everything that is wrong with a request, or null.</summary>
    public static Error? Check(CreateTerminal request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new FieldErrors();
        errors.AddIf(string.IsNullOrWhiteSpace(request.Device), "device", "is missing: on which device?");
        errors.AddIf(request.Argv is { Count: 0 } || request.Argv?.Any(a => a is null) == true || request.Argv is ["", ..], "argv", "has no program");
        errors.AddIf(request.Argv?.Count > RunLimits.MaxArguments, "argv", $"has more than {RunLimits.MaxArguments} arguments");
        errors.AddIf(request.Argv is not null && request.Shell is not null, "shell", "give a shell or argv, not both");
        CheckName(request.User, "user", errors);
        CheckPath(request.Shell, "shell", errors);
        CheckPath(request.WorkingDirectory, "workingDirectory", errors);
        RunLimits.CheckEnvironment(request.Environment, errors);
        CheckTitle(request.Title, errors);
        CheckSide(request.Columns, "columns", errors);
        CheckSide(request.Rows, "rows", errors);
        foreach (var argument in request.Argv ?? [])
        {
            RunLimits.CheckText(argument, "argv", errors);
        }

        return errors.ToError();
    }

    /// <summary>Everything that is wrong with a change, or null.</summary>
    public static Error? Check(UpdateTerminal request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new FieldErrors();
        CheckTitle(request.Title, errors);
        return errors.ToError();
    }

    private static void CheckTitle(string? title, FieldErrors errors)
    {
        errors.AddIf(title?.Length > MaxTitle, "title", $"is over {MaxTitle} characters");
        errors.AddIf(title?.Any(char.IsControl) == true, "title", "has a control character");
    }

    private static void CheckSide(int? side, string field, FieldErrors errors) =>
        errors.AddIf(side is < 1 or > TerminalLimits.MaxSide, field, $"must be 1 to {TerminalLimits.MaxSide}");

    private static void CheckPath(string? path, string field, FieldErrors errors)
    {
        RunLimits.CheckText(path, field, errors);
        errors.AddIf(path?.Length == 0, field, "is empty");
    }

    /// <summary>Names of users as useradd(8) and Windows take them: nothing that an option or a path could be made of.</summary>
    private static void CheckName(string? name, string field, FieldErrors errors) =>
        errors.AddIf(name is not null && (name.Length is 0 or > 64 || name[0] == '-' || name.Any(c => char.IsControl(c) || c is '/' or ':' or ' ')), field, "is not a name of a user");
}
