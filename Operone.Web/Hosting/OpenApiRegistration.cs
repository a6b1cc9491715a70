using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Operone.Web.Access;
using Scalar.AspNetCore;

namespace Operone.Web.Hosting;

/// <summary>The API's description, made when it is first asked for, and the page that shows it.</summary>
internal static class OpenApiRegistration
{
    private const string BearerScheme = "bearer";
    private const string DeviceScheme = "device";

    private static readonly string[] Tags = ["Runs", "Devices", "Processes", "Enrolment", "Events", "Access", "Agents", "Health"];

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi("v1", api =>
    {
        api.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        api.AddOperationTransformer((operation, context, _) =>
        {
            Secure(operation, context);
            return Task.CompletedTask;
        });
        api.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(ProblemDetails))
            {
                DescribeProblem(schema);
            }

            return Task.CompletedTask;
        });
    });

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        // Its script comes out of its package, and it asks nobody else for anything.
        app.MapScalarApiReference("/api", (reference, http) =>
        {
            reference.WithNonce(http.ScriptNonce());
            reference.WithTitle("Operone API").WithOpenApiRoutePattern("/openapi/{documentName}.json");
            reference.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools();
            reference.AddPreferredSecuritySchemes(BearerScheme);
        }).AllowAnonymous();
    }

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Operone API",
            Version = "v1",
            Description = "Turns a set of machines into one system. Every answer that is no success is a problem as in RFC 9457. "
                + "Lists are paged: pass `nextCursor` back as `cursor`. Fields that are not known are refused by name.",
        };
        // What is used most comes first.
        document.Tags = new HashSet<OpenApiTag>(Tags.Select(tag => new OpenApiTag { Name = tag }));

        // The exporter's endpoint does not describe itself.
        document.Paths["/metrics"] = new OpenApiPathItem
        {
            Operations = new Dictionary<HttpMethod, OpenApiOperation>
            {
                [HttpMethod.Get] = new()
                {
                    OperationId = "Metrics",
                    Summary = "Metrics for Prometheus",
                    Description = "Without a credential from the node's own machine, or from everywhere where Operone:Metrics:Anonymous says so; "
                        + "otherwise with the permission `events.read`.",
                    Tags = new HashSet<OpenApiTagReference> { new("Health", document) },
                    Responses = new OpenApiResponses
                    {
                        ["200"] = new OpenApiResponse
                        {
                            Description = "Prometheus' text format.",
                            Content = new Dictionary<string, OpenApiMediaType> { ["text/plain"] = new OpenApiMediaType() },
                        },
                    },
                },
            },
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [BearerScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API token: opr_.... Made in the console, by `operone login`, or by POST /api/v1/tokens.",
            },
            [DeviceScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "For agents: a JWT that the device signs with its own key (ES256), good once.",
            },
        };
    }

    private static void Secure(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<IAllowAnonymous>().Any())
        {
            return;
        }

        var isDevice = metadata.OfType<IAuthorizeData>().Any(a => a.Policy == AccessSchemes.Device);
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(isDevice ? DeviceScheme : BearerScheme, context.Document)] = [] },
        ];
        var permissions = metadata.OfType<RequiredPermission>().Select(r => $"`{r.Permission}`").Distinct().ToArray();
        if (permissions.Length > 0)
        {
            operation.Description = $"{operation.Description} Needs the permission {string.Join(" and ", permissions)}.".TrimStart();
        }
    }

    private static void DescribeProblem(OpenApiSchema schema)
    {
        schema.Description = "A problem as in RFC 9457. The last part of `type` is a stable code.";
        schema.AdditionalPropertiesAllowed = true;
        schema.Properties ??= new Dictionary<string, IOpenApiSchema>();
        schema.Properties["errors"] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object | JsonSchemaType.Null,
            Description = "What is wrong with each field, by the field's name.",
            AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        };
        schema.Properties["requestId"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "To look the request up in the server's log." };
        schema.Properties["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The request's trace (W3C Trace Context)." };
    }
}
