using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core.Access;
using Operone.Web.Access;
using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>Somebody that a test made.</summary>
internal sealed record TestPerson(Guid Id, string Email);

/// <summary>Makes people with grants, as an administrator would have.</summary>
internal static class TestPeople
{
    /// <summary>Everybody's password.</summary>
    public const string Password = "rather-a-long-secret";

    private static int _made;

    /// <summary>Somebody with a role on devices; null for no grant at all.</summary>
    public static async Task<TestPerson> CreatePersonAsync(this OperoneServer server, BuiltInRole? role = null, string selector = "", string? email = null)
    {
        var access = server.Services.GetRequiredService<AccessDirectory>();
        await using var change = await access.BeginAsync(TestContext.Current.CancellationToken);
        email ??= $"person{Interlocked.Increment(ref _made)}@example.org";
        var person = new Person
        {
            Id = Guid.CreateVersion7(),
            UserName = email,
            NormalizedUserName = email.ToUpperInvariant(),
            Email = email,
            NormalizedEmail = email.ToUpperInvariant(),
            EmailConfirmed = true,
            SecurityStamp = Guid.NewGuid().ToString("N"),
            LockoutEnabled = true,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        person.PasswordHash = server.Services.GetRequiredService<IPasswordHasher<Person>>().HashPassword(person, Password);
        change.Db.Add(person);
        if (role is not null)
        {
            change.Db.Add(NewGrant(person.Id, role, selector));
        }

        Assert.Null(await change.CommitAsync(TestContext.Current.CancellationToken));
        return new(person.Id, email);
    }

    /// <summary>Gives somebody one more grant.</summary>
    public static async Task<Guid> GrantAsync(
        this OperoneServer server, TestPerson person, BuiltInRole role, string selector = "", GrantEffect effect = GrantEffect.Allow, DateTimeOffset? until = null)
    {
        await using var change = await server.Services.GetRequiredService<AccessDirectory>().BeginAsync(TestContext.Current.CancellationToken);
        var grant = NewGrant(person.Id, role, selector, effect, until);
        change.Db.Add(grant);
        Assert.Null(await change.CommitAsync(TestContext.Current.CancellationToken));
        return grant.Id;
    }

    /// <summary>Has a grant end in a second: with the clock, while it is in use.</summary>
    public static async Task LetEndAsync(this OperoneServer server, Guid grant)
    {
        await using var change = await server.Services.GetRequiredService<AccessDirectory>().BeginAsync(TestContext.Current.CancellationToken);
        var soon = DateTimeOffset.UtcNow.AddSeconds(1);
        await change.Db.Set<Grant>().Where(g => g.Id == grant).ExecuteUpdateAsync(s => s.SetProperty(g => g.Until, soon), TestContext.Current.CancellationToken);
        Assert.Null(await change.CommitAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>A browser in which somebody has signed in.</summary>
    public static async Task<TestBrowser> SignInAsync(this OperoneServer server, TestPerson person)
    {
        var browser = new TestBrowser(server);
        await browser.SignInAsync(person.Email, Password);
        return browser;
    }

    /// <summary>A client with a personal token of somebody, which may all that they may.</summary>
    public static async Task<HttpClient> ClientAsync(this OperoneServer server, TestPerson person)
    {
        var text = TokenText.Create();
        await using var db = server.OpenDatabase();
        db.Add(new ApiToken
        {
            Id = Guid.CreateVersion7(),
            Name = person.Email,
            Hash = SecretText.Hash(text),
            Permissions = Permissions.All,
            OwnerId = person.Id,
            CreatedBy = person.Email,
            CreatedAt = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        return server.Client(text);
    }

    private static Grant NewGrant(Guid personId, BuiltInRole role, string selector, GrantEffect effect = GrantEffect.Allow, DateTimeOffset? until = null) => new()
    {
        Id = Guid.CreateVersion7(),
        Effect = effect,
        RoleId = role.Id,
        SubjectKind = SubjectKind.Person,
        SubjectId = personId,
        Selector = selector,
        Until = until,
        CreatedBy = "test",
        CreatedAt = DateTimeOffset.UtcNow,
    };
}
