using Microsoft.Extensions.Options;

namespace Operone.Web.Access;

/// <summary>Options of the audit trail, at the key <c>Operone:Audit</c>.</summary>
internal sealed class AuditOptions
{
    public const string Section = "Operone:Audit";

    /// <summary>The most days that entries may be kept.</summary>
    public const int MaxKeepDays = 36_500;

    /// <summary>How many days entries are kept; null for ever.</summary>
    public int? KeepDays { get; set; }

    /// <summary>A file to which each entry is appended as a line of JSON; null for none.</summary>
    public string? File { get; set; }

    /// <summary>A syslog receiver, as <c>udp://host:514</c>, <c>tcp://host:601</c> or <c>tls://host:6514</c>; null for none.</summary>
    public string? Syslog { get; set; }

    /// <summary>A PEM file with the authority that signed the receiver's certificate, where this machine does not trust it.</summary>
    public string? SyslogAuthority { get; set; }
}

/// <summary>Says everything that is wrong with the audit options at once, by key.</summary>
internal sealed class AuditOptionsValidation : IValidateOptions<AuditOptions>
{
    public ValidateOptionsResult Validate(string? name, AuditOptions options)
    {
        var problems = new List<string>();
        if (options.KeepDays is < 1 or > AuditOptions.MaxKeepDays)
        {
            problems.Add($"{AuditOptions.Section}:KeepDays: '{options.KeepDays}' is not 1 to {AuditOptions.MaxKeepDays}; leave it out to keep entries for ever");
        }

        if (options.File is { Length: > 0 } file)
        {
            if (!Path.IsPathFullyQualified(file))
            {
                problems.Add($"{AuditOptions.Section}:File: '{file}' is not a whole path");
            }
            else if (Directory.Exists(file))
            {
                problems.Add($"{AuditOptions.Section}:File: '{file}' is a folder, not a file");
            }
        }

        if (options.Syslog is { Length: > 0 } syslog && SyslogAddress.Parse(syslog) is null)
        {
            problems.Add($"{AuditOptions.Section}:Syslog: '{syslog}' is not an address like udp://host:514, tcp://host:601 or tls://host:6514");
        }

        if (options.SyslogAuthority is { Length: > 0 } authority)
        {
            if (!System.IO.File.Exists(authority))
            {
                problems.Add($"{AuditOptions.Section}:SyslogAuthority: there is no file '{Path.GetFullPath(authority)}'");
            }

            if (SyslogAddress.Parse(options.Syslog)?.Transport != SyslogTransport.Tls)
            {
                problems.Add($"{AuditOptions.Section}:SyslogAuthority: goes with a {AuditOptions.Section}:Syslog that begins with tls://");
            }
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
