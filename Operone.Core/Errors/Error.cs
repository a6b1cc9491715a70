namespace Operone.Core.Errors;

/// <summary>What sort of failure an <see cref="Error"/> is. A door maps it to its own form (an HTTP status, an exit code).</summary>
public enum ErrorKind
{
    /// <summary>The request itself is wrong: 400.</summary>
    Invalid,
    /// <summary>Nobody is signed in, or the credential is not good: 401.</summary>
    Unauthenticated,
    /// <summary>Signed in, but not allowed: 403.</summary>
    Forbidden,
    /// <summary>The thing named does not exist: 404.</summary>
    NotFound,
    /// <summary>The thing is in a state that does not allow the act: 409.</summary>
    Conflict,
    /// <summary>Well formed, but cannot be carried out as asked: 422.</summary>
    Unprocessable,
    /// <summary>A part that is needed is away for now; the same request may work later: 503.</summary>
    Unavailable,
    /// <summary>Asked too often; the same request may work after a while: 429.</summary>
    TooMany,
}

/// <summary>
/// An expected failure: what happened, to what, and what to do about it. Exceptions are for bugs.
/// </summary>
/// <param name="Kind">What sort of failure it is.</param>
/// <param name="Code">A stable name for programs, in kebab case, for example <c>device-not-found</c>. It ends the problem's <c>type</c>.</param>
/// <param name="Title">A short sentence that does not change from case to case.</param>
/// <param name="Detail">What happened this time, and what to try.</param>
public sealed record Error(ErrorKind Kind, string Code, string Title, string Detail)
{
    /// <summary>For bad input: what is wrong with each field, by the field's name as the caller wrote it.</summary>
    public IReadOnlyDictionary<string, string[]>? Fields { get; init; }

    /// <summary>For a request that came too soon: how long to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Too many requests: from one address, or for one account.</summary>
    public static Error TooMany(TimeSpan retryAfter) =>
        new(ErrorKind.TooMany, "too-many-requests", "Too many requests.", $"Try again in {Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds))} s.")
        {
            RetryAfter = retryAfter,
        };

    /// <summary>Bad input in named fields, all of them at once.</summary>
    public static Error InvalidFields(IReadOnlyDictionary<string, string[]> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var first = fields.First();
        var detail = fields.Count == 1
            ? $"{first.Key}: {first.Value[0]}"
            : $"{fields.Count} fields are not right: {string.Join(", ", fields.Keys)}.";
        return new Error(ErrorKind.Invalid, "invalid-input", "The request is not valid.", detail) { Fields = fields };
    }

    /// <summary>Bad input in one named field.</summary>
    public static Error InvalidField(string field, string message) =>
        InvalidFields(new Dictionary<string, string[]> { [field] = [message] });
}

/// <summary>Either a value or an <see cref="Error"/>. The one result type of the solution.</summary>
/// <typeparam name="T">What success gives.</typeparam>
public readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, Error? error) => (_value, Error) = (value, error);

    /// <summary>The failure, or null where it went well.</summary>
    public Error? Error { get; }

    /// <summary>Whether it failed.</summary>
    public bool IsError => Error is not null;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">It failed: ask <see cref="Error"/> first.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException($"There is no value: {Error.Detail}");

    /// <summary>A success.</summary>
    public static implicit operator Result<T>(T value) => new(value, null);

    /// <summary>A failure.</summary>
    public static implicit operator Result<T>(Error error) => new(default, error);

    /// <summary>Chooses by outcome.</summary>
    public TOut Match<TOut>(Func<T, TOut> ok, Func<Error, TOut> failed)
    {
        ArgumentNullException.ThrowIfNull(ok);
        ArgumentNullException.ThrowIfNull(failed);
        return Error is null ? ok(_value!) : failed(Error);
    }
}

/// <summary>The value of a success that has nothing to say.</summary>
public readonly record struct Unit
{
    /// <summary>The only value.</summary>
    public static Unit Value => default;
}
