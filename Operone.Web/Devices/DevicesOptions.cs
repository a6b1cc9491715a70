using Microsoft.Extensions.Options;

namespace Operone.Web.Devices;

/// <summary>Options of the room Devices, at the key <c>Operone:Devices</c>.</summary>
internal sealed class DevicesOptions
{
    public const string Section = "Operone:Devices";

    /// <summary>How often agents send telemetry, in seconds, 1 to 3600.</summary>
    public int TelemetrySeconds { get; set; } = 10;

    /// <summary>Whether enrolment tokens carry the pin of the certificate that this node serves.</summary>
    public CertificatePinning CertificatePin { get; set; } = CertificatePinning.Auto;
}

/// <summary>Whether enrolment tokens carry a pin.</summary>
internal enum CertificatePinning
{
    /// <summary>Where the node serves HTTPS with a certificate that this machine does not trust.</summary>
    Auto,
    /// <summary>Wherever the node serves HTTPS.</summary>
    Always,
    /// <summary>Never: a proxy in front serves another certificate.</summary>
    Never,
}

internal sealed class DevicesOptionsValidation : IValidateOptions<DevicesOptions>
{
    public ValidateOptionsResult Validate(string? name, DevicesOptions options) => options.TelemetrySeconds is >= 1 and <= 3600
        ? ValidateOptionsResult.Success
        : ValidateOptionsResult.Fail($"{DevicesOptions.Section}:TelemetrySeconds: must be 1 to 3600, is {options.TelemetrySeconds}");
}
