using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Operone.Core.Connection;
using Operone.Core.Errors;
using Operone.Core.Kernel.Jobs;

namespace Operone.Web.Kernel.Jobs.Documents;

/// <summary>A document that was read.</summary>
/// <param name="Json">What it says; null where it does not fit its shape.</param>
/// <param name="Reading">Where everything in it stands; null where it does not fit.</param>
/// <param name="Problems">What does not fit.</param>
internal sealed record ReadDocument(JsonNode? Json, ShapeReading? Reading, IReadOnlyList<DocumentProblem> Problems);

/// <summary>Reads a job from a text that somebody wrote, YAML or JSON, and says where it is wrong.</summary>
internal static class JobDocument
{
    /// <summary>The job, or everything that is wrong with the text.</summary>
    public static CheckedJob Check(string text)
    {
        var read = Read(text, JobShape.Job);
        if (read.Json is null)
        {
            return new(read.Problems);
        }

        var job = read.Json.Deserialize(OperoneJson.Default.JobDefinition)!;
        var problems = Place(JobRules.Check(job), read.Reading!);
        return problems.Count > 0 ? new(problems) : new([], job);
    }

    /// <summary>Reads a document of a shape: JSON, or everything that does not fit.</summary>
    public static ReadDocument Read(string text, Shape shape)
    {
        if (Encoding.UTF8.GetByteCount(text) > JobRules.MaxDocumentBytes)
        {
            return new(null, null, [new("", $"it is over {JobRules.MaxDocumentBytes} bytes")]);
        }

        DocumentNode root;
        try
        {
            // JSON is read by its own rules: what YAML makes of it is not everywhere the same
            root = text.AsSpan().TrimStart("\ufeff \t\r\n") is ['{' or '[', ..] ? JsonReader.Read(text.TrimStart('\ufeff')) : YamlReader.Read(text);
        }
        catch (DocumentException problem)
        {
            return new(null, null, [problem.ToProblem()]);
        }

        var reading = new ShapeReading();
        reading.Places[""] = root.At;
        var json = shape.Read(root, "", reading);
        return reading.Problems.Count > 0 || json is null
            ? new(null, null, reading.Problems.Count > 0 ? reading.Problems : [new("", "there is nothing in it", root.At.Line, root.At.Column)])
            : new(json, reading, []);
    }

    /// <summary>What is wrong with fields, each with where it stands.</summary>
    public static IReadOnlyList<DocumentProblem> Place(Error? error, ShapeReading reading) =>
        [.. (error?.Fields ?? new Dictionary<string, string[]>())
            .SelectMany(f => f.Value.Select(message => new DocumentProblem(f.Key, message, reading.Find(f.Key)?.Line, reading.Find(f.Key)?.Column)))
            .OrderBy(p => p.Line).ThenBy(p => p.Column).Take(DocumentLimits.MaxProblems)];

    /// <summary>The same as an error with fields; each message says the line and column.</summary>
    public static Error ToError(IReadOnlyList<DocumentProblem> problems)
    {
        var errors = new FieldErrors();
        foreach (var problem in problems)
        {
            errors.Add(problem.Place.Length == 0 ? "document" : problem.Place, problem.Line is { } line ? $"line {line}, column {problem.Column}: {problem.Message}" : problem.Message);
        }

        return errors.ToError()!;
    }

    /// <summary>A definition as JSON, in the order in which people read it.</summary>
    public static JsonObject ToJson(JobDefinition job) => JsonSerializer.SerializeToNode(job, OperoneJson.Default.JobDefinition)!.AsObject();
}
