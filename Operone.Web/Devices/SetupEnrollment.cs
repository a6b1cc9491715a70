using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Operone.Web.Access;
using Operone.Web.Data;

namespace Operone.Web.Devices;

/// <summary>For a first device without anybody at a browser, at the key <c>Operone:Setup</c>.</summary>
internal sealed class SetupEnrollmentOptions
{
    public const string Section = "Operone:Setup";

    /// <summary>The shortest token that is taken.</summary>
    public const int MinTokenLength = 32;

    /// <summary>
    /// An enrolment token taken as given at start where it is not known yet: one device, one hour. It begins with <c>ope_</c>
    /// and has at least <see cref="MinTokenLength"/> characters.
    /// </summary>
    public string? EnrollmentToken { get; set; }
}

internal sealed class SetupEnrollmentOptionsValidation : IValidateOptions<SetupEnrollmentOptions>
{
    public ValidateOptionsResult Validate(string? name, SetupEnrollmentOptions options) =>
        options.EnrollmentToken is not { Length: > 0 } token
        || (token.StartsWith("ope_", StringComparison.Ordinal) && token.Length >= SetupEnrollmentOptions.MinTokenLength
            && token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{SetupEnrollmentOptions.Section}:EnrollmentToken: must begin with ope_ and have at least {SetupEnrollmentOptions.MinTokenLength} letters, digits, '-' or '_'");
}

/// <summary>Takes the enrolment token of the set-up options.</summary>
internal sealed class SetupEnrollment(
    IDbContextFactory<OperoneDb> databases, IOptions<SetupEnrollmentOptions> options, IAuditTrail audit, TimeProvider time)
{
    private static readonly TimeSpan _goodFor = TimeSpan.FromHours(1);

    /// <summary>At start: stores the token, once. One that is known already, spent or not, is left as it is.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (options.Value.EnrollmentToken is not { Length: > 0 } text)
        {
            return;
        }

        var hash = EnrollmentTokenText.Hash(text);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await db.Set<EnrollmentToken>().AnyAsync(t => t.Hash == hash, cancellationToken))
        {
            return;
        }

        var now = time.GetUtcNow();
        db.Add(new EnrollmentToken
        {
            Id = Guid.CreateVersion7(now),
            Name = "setup",
            Hash = hash,
            Labels = new Dictionary<string, string>(),
            Uses = 1,
            UsesLeft = 1,
            CreatedBy = Actor.System.Name,
            CreatedAt = now,
            ExpiresAt = now + _goodFor,
        });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.IsDuplicate())
        {
            // Another node with the same options was first.
            return;
        }

        await audit.NoteAsync(Actor.System, "enrollment-token.create", "setup", allowed: true, "from the options", cancellationToken);
    }
}
