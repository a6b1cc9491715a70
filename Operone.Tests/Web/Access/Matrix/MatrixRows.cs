using System.Globalization;
using Microsoft.AspNetCore.Routing;

namespace Operone.Tests.Web.Access.Matrix;

/// <summary>
/// The table. 401: sign in first. 403: not allowed. 404: it does not exist for them. 400, 409, 422: they may, and the request
/// has nothing in it that can be done. Pages: "in" leads to signing in, "no" says what is lacking, "gone" that there is no such thing.
/// </summary>
internal static class MatrixRows
{
    private const int NameWidth = 58;
    private const int ColumnWidth = 11;

    public const string Api = """
        # door                                                    anon       ended      none       view-there view-here  op-there   op-here    admin      owner      tok-small  tok-there  tok-serv
        GET /api/v1/access-requests                               401        401        200        200        200        200        200        200        200        200        200        200
        POST /api/v1/access-requests                              401        401        403        403        403        403        403        403        403        403        403        403
        GET /api/v1/access-requests/{id}                          401        401        404        404        404        404        404        200        200        404        404        404
        POST /api/v1/access-requests/{id}/approve                 401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/access-requests/{id}/refuse                  401        401        403        403        403        403        403        400        400        403        403        403
        POST /api/v1/access-requests/{id}/withdraw                401        401        404        404        404        404        404        404        404        404        404        404
        POST /api/v1/agents/enroll                                400        400        400        400        400        400        400        400        400        400        400        400
        GET /api/v1/agents/me                                     401        401        401        401        401        401        401        401        401        401        401        401
        DELETE /api/v1/agents/me                                  401        401        401        401        401        401        401        401        401        401        401        401
        GET /api/v1/alert-rules                                   401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/alert-rules                                  401        401        403        403        403        400        400        400        400        403        400        400
        POST /api/v1/alert-rules/apply                            401        401        403        403        403        400        400        400        400        403        400        400
        POST /api/v1/alert-rules/preview                          401        401        403        403        403        400        400        400        400        403        400        400
        GET /api/v1/alert-rules/{idOrName}                        401        401        403        404        200        404        200        200        200        403        404        200
        PUT /api/v1/alert-rules/{idOrName}                        401        401        403        403        403        404        403        400        400        403        404        403
        DELETE /api/v1/alert-rules/{idOrName}                     401        401        403        403        403        404        403        204        204        403        404        403
        GET /api/v1/alerts                                        401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/alerts/{id}                                   401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/alerts/{id}/acknowledge                      401        401        403        403        403        404        200        200        200        403        404        200
        GET /api/v1/approvals                                     401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/approvals/{id}                               401        401        403        403        403        400        400        400        400        403        400        400
        GET /api/v1/audit                                         401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/audit/export                                  401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/audit/verify                                  401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/devices                                       401        401        403        200        200        200        200        200        200        200        200        200
        GET /api/v1/devices/{idOrName}                            401        401        403        404        200        404        200        200        200        200        404        200
        PATCH /api/v1/devices/{idOrName}                          401        401        403        403        403        403        403        200        200        403        404        403
        POST /api/v1/devices/{idOrName}/cordon                    401        401        403        403        403        403        403        200        200        403        404        403
        POST /api/v1/devices/{idOrName}/drain                     401        401        403        403        403        403        403        200        200        403        404        403
        POST /api/v1/devices/{idOrName}/uncordon                  401        401        403        403        403        403        403        200        200        403        404        403
        POST /api/v1/hooks/{token}                                404        404        404        404        404        404        404        404        404        404        404        404
        GET /api/v1/maintenance-windows                           401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/maintenance-windows                          401        401        403        403        403        403        403        400        400        403        400        403
        POST /api/v1/maintenance-windows/apply                    401        401        403        403        403        403        403        400        400        403        400        403
        GET /api/v1/maintenance-windows/{idOrName}                401        401        403        404        200        404        200        200        200        403        404        200
        PUT /api/v1/maintenance-windows/{idOrName}                401        401        403        403        403        403        403        400        400        403        404        403
        DELETE /api/v1/maintenance-windows/{idOrName}             401        401        403        403        403        403        403        204        204        403        404        403
        GET /api/v1/resources                                     401        401        403        200        200        200        200        200        200        200        200        200
        GET /api/v1/resources/reservations                        401        401        403        200        200        200        200        200        200        403        200        200
        DELETE /api/v1/devices/{idOrName}                         401        401        403        403        403        403        403        204        204        403        404        403
        GET /api/v1/devices/{idOrName}/processes                  401        401        403        403        403        404        409        409        409        403        404        409
        GET /api/v1/devices/{idOrName}/processes/stream           401        401        403        403        403        404        200        200        200        403        404        200
        GET /api/v1/devices/{idOrName}/processes/{pid}            401        401        403        403        403        404        409        409        409        403        404        409
        POST /api/v1/devices/{idOrName}/processes/{pid}/signal    401        401        403        403        403        404        400        400        400        403        404        400
        GET /api/v1/devices/{idOrName}/telemetry                  401        401        403        404        200        404        200        200        200        200        404        200
        GET /api/v1/enrollment-tokens                             401        401        403        403        403        403        403        200        200        403        200        403
        POST /api/v1/enrollment-tokens                            401        401        403        403        403        403        403        400        400        403        400        403
        DELETE /api/v1/enrollment-tokens/{id}                     401        401        403        403        403        403        403        204        204        403        404        403
        GET /api/v1/environments                                  401        401        403        403        403        200        200        200        200        403        200        200
        POST /api/v1/environments                                 401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/environments/{idOrName}                       401        401        403        403        403        404        200        200        200        403        404        200
        PUT /api/v1/environments/{idOrName}                       401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/environments/{idOrName}                    401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/events                                        401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/events/stream                                 401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/file-policies                                 401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/file-policies                                401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/file-policies/{id}                            401        401        403        403        403        403        403        200        200        403        403        403
        PUT /api/v1/file-policies/{id}                            401        401        403        403        403        403        403        400        400        403        403        403
        DELETE /api/v1/file-policies/{id}                         401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/files/{path}                                  401        401        404        404        403        404        409        409        409        403        404        409
        HEAD /api/v1/files/{path}                                 401        401        404        404        403        404        409        409        409        403        404        409
        PATCH /api/v1/files/{path}                                401        401        404        404        403        404        409        409        409        403        404        409
        POST /api/v1/files/{path}                                 401        401        400        400        400        400        400        400        400        400        400        400
        PUT /api/v1/files/{path}                                  401        401        404        404        403        404        409        409        409        403        404        409
        DELETE /api/v1/files/{path}                               401        401        404        404        403        404        409        409        409        403        404        409
        POST /api/v1/files:search                                 401        401        404        404        403        404        200        200        200        403        404        200
        GET /api/v1/grants                                        401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/grants                                       401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/grants/{id}                                   401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/grants/{id}                                401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/invitations                                   401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/invitations                                  401        401        403        403        403        403        403        400        400        403        403        403
        DELETE /api/v1/invitations/{id}                           401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/job-runs                                      401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/job-runs/{id}                                 401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/job-runs/{id}/cancel                         401        401        403        403        403        404        200        200        200        403        404        200
        GET /api/v1/job-runs/{id}/devices                         401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/job-runs/{id}/pause                          401        401        403        403        403        404        200        200        200        403        404        200
        POST /api/v1/job-runs/{id}/resume                         401        401        403        403        403        404        200        200        200        403        404        200
        POST /api/v1/job-runs/{id}/retry                          401        401        403        403        403        404        409        409        409        403        404        409
        GET /api/v1/jobs                                          401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/jobs/apply                                   401        401        403        403        403        403        403        400        400        403        400        403
        POST /api/v1/jobs/check                                   401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/jobs/{idOrName}                               401        401        403        404        200        404        200        200        200        403        404        200
        PUT /api/v1/jobs/{idOrName}                               401        401        403        403        403        403        403        400        400        403        400        403
        DELETE /api/v1/jobs/{idOrName}                            401        401        403        403        403        403        403        204        204        403        404        403
        GET /api/v1/jobs/{idOrName}/export                        401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/jobs/{idOrName}/runs                         401        401        403        403        403        404        202        202        202        403        404        202
        GET /api/v1/jobs/{idOrName}/versions                      401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/jobs/{idOrName}/versions/{number}             401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/jobs/{idOrName}/versions/{number}/difference  401        401        403        404        404        404        404        404        404        403        404        404
        GET /api/v1/me                                            401        401        200        200        200        200        200        200        200        200        200        200
        PATCH /api/v1/me                                          401        401        403        403        403        403        403        403        403        403        403        403
        GET /api/v1/me/passkeys                                   401        401        200        200        200        200        200        200        200        200        200        200
        PATCH /api/v1/me/passkeys/{id}                            401        401        403        403        403        403        403        403        403        403        403        403
        DELETE /api/v1/me/passkeys/{id}                           401        401        403        403        403        403        403        403        403        403        403        403
        GET /api/v1/mounts                                        401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/mounts                                       401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/mounts/{idOrName}                             401        401        403        403        403        403        403        200        200        403        403        403
        PUT /api/v1/mounts/{idOrName}                             401        401        403        403        403        403        403        400        400        403        403        403
        DELETE /api/v1/mounts/{idOrName}                          401        401        403        403        403        403        403        204        204        403        403        403
        POST /api/v1/mounts/{idOrName}/test                       401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/people                                        401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/people/{id}                                   401        401        403        403        403        403        403        200        200        403        403        403
        PATCH /api/v1/people/{id}                                 401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/people/{id}                                401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/people/{id}/decision                          401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/people/{id}/decisions                         401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/people/{id}/disable                          401        401        403        403        403        403        403        204        204        403        403        403
        POST /api/v1/people/{id}/enable                           401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/pipelines                                     401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/pipelines                                    401        401        403        403        403        422        409        409        409        403        422        409
        GET /api/v1/pipelines/{id}                                401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/processes/top                                 401        401        403        403        403        200        200        200        200        403        200        200
        GET /api/v1/recordings                                    401        401        403        403        403        200        200        200        200        403        200        200
        GET /api/v1/recordings/search                             401        401        403        403        403        400        400        400        400        403        400        400
        GET /api/v1/recordings/{id}                               401        401        403        403        403        404        200        200        200        403        404        200
        DELETE /api/v1/recordings/{id}                            401        401        403        403        403        403        403        204        204        403        404        403
        GET /api/v1/recordings/{id}/asciicast                     401        401        403        403        403        404        200        200        200        403        404        200
        GET /api/v1/roles                                         401        401        200        200        200        200        200        200        200        200        200        200
        POST /api/v1/roles                                        401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/roles/{idOrName}                              401        401        200        200        200        200        200        200        200        200        200        200
        PATCH /api/v1/roles/{id}                                  401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/roles/{id}                                 401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/runs                                          401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/runs                                         401        401        403        403        403        422        202        202        202        403        422        202
        GET /api/v1/runs/{id}                                     401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/runs/{id}/cancel                             401        401        403        403        403        404        200        200        200        403        404        200
        GET /api/v1/runs/{id}/executions/{device}/output          401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/runs/{id}/executions/{device}/stderr          401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/runs/{id}/executions/{device}/stdin           401        401        403        403        403        404        403        403        403        403        404        403
        PUT /api/v1/runs/{id}/executions/{device}/stdin           401        401        403        403        403        404        403        403        403        403        404        403
        GET /api/v1/runs/{id}/executions/{device}/stdout          401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/runs/{id}/stream                              401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/schedule-firings                              401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/schedules                                     401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/schedules                                    401        401        403        403        403        403        403        400        400        403        400        403
        POST /api/v1/schedules/preview                            401        401        403        400        400        400        400        400        400        403        400        400
        GET /api/v1/schedules/{idOrName}                          401        401        403        404        200        404        200        200        200        403        404        200
        PUT /api/v1/schedules/{idOrName}                          401        401        403        403        403        403        403        400        400        403        404        403
        DELETE /api/v1/schedules/{idOrName}                       401        401        403        403        403        403        403        204        204        403        404        403
        POST /api/v1/schedules/{idOrName}/disable                 401        401        403        403        403        403        403        200        200        403        404        403
        POST /api/v1/schedules/{idOrName}/enable                  401        401        403        403        403        403        403        200        200        403        404        403
        POST /api/v1/schedules/{idOrName}/fire                    401        401        403        403        403        403        403        200        200        403        404        403
        GET /api/v1/schedules/{idOrName}/firings                  401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/schedules/{idOrName}/webhook                 401        401        403        403        403        403        403        409        409        403        404        403
        GET /api/v1/silences                                      401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/silences                                     401        401        403        403        403        400        400        400        400        403        400        400
        DELETE /api/v1/silences/{id}                              401        401        403        403        403        404        403        204        204        403        404        403
        GET /api/v1/schemas/job.json                              200        200        200        200        200        200        200        200        200        200        200        200
        GET /api/v1/sessions                                      401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/sessions                                   401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/sessions/{id}                              401        401        404        404        404        404        404        204        204        404        404        404
        GET /api/v1/sandbox-profiles                              401        401        403        403        403        200        200        200        200        403        200        200
        POST /api/v1/sandbox-profiles                             401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/sandbox-profiles/{idOrName}                   401        401        403        403        403        200        200        200        200        403        200        200
        PUT /api/v1/sandbox-profiles/{idOrName}                   401        401        403        403        403        403        403        400        400        403        403        403
        DELETE /api/v1/sandbox-profiles/{idOrName}                401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/schemas/workload.json                         200        200        200        200        200        200        200        200        200        200        200        200
        GET /api/v1/settings/sign-in                              401        401        403        403        403        403        403        200        200        403        403        403
        PUT /api/v1/settings/sign-in                              401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/teams                                         401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/teams                                        401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/teams/{id}                                    401        401        403        403        403        403        403        200        200        403        403        403
        PATCH /api/v1/teams/{id}                                  401        401        403        403        403        403        403        200        200        403        403        403
        DELETE /api/v1/teams/{id}                                 401        401        403        403        403        403        403        204        204        403        403        403
        PUT /api/v1/teams/{id}/members/{personId}                 401        401        403        403        403        403        403        204        204        403        403        403
        DELETE /api/v1/teams/{id}/members/{personId}              401        401        403        403        403        403        403        404        404        403        403        403
        GET /api/v1/terminal-policies                             401        401        403        403        403        403        403        200        200        403        200        403
        POST /api/v1/terminal-policies                            401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/terminal-policies/{id}                        401        401        403        403        403        403        403        200        200        403        200        403
        PUT /api/v1/terminal-policies/{id}                        401        401        403        403        403        403        403        400        400        403        403        403
        DELETE /api/v1/terminal-policies/{id}                     401        401        403        403        403        403        403        204        204        403        403        403
        GET /api/v1/terminals                                     401        401        403        403        403        200        200        200        200        403        200        200
        POST /api/v1/terminals                                    401        401        403        403        403        400        400        400        400        403        400        400
        GET /api/v1/terminals/{id}                                401        401        403        403        403        404        200        200        200        403        404        200
        PATCH /api/v1/terminals/{id}                              401        401        403        403        403        404        403        403        403        403        404        403
        GET /api/v1/terminals/{id}/attach                         401        401        403        403        403        404        400        400        400        403        404        400
        POST /api/v1/terminals/{id}/end                           401        401        403        403        403        404        403        200        200        403        404        403
        PATCH /api/v1/terminals/{id}/people/{attachment}          401        401        403        403        403        404        403        403        403        403        404        403
        GET /api/v1/tokens                                        401        401        403        403        403        200        200        200        200        403        200        200
        POST /api/v1/tokens                                       401        401        403        403        403        400        400        400        400        403        400        400
        GET /api/v1/tokens/{id}                                   401        401        404        404        404        404        404        200        200        404        404        404
        PATCH /api/v1/tokens/{id}                                 401        401        404        404        404        404        404        400        400        404        404        404
        DELETE /api/v1/tokens/{id}                                401        401        404        404        404        404        404        204        204        404        404        404
        GET /api/v1/transfers                                     401        401        200        200        200        200        200        200        200        200        200        200
        POST /api/v1/transfers                                    401        401        400        400        400        400        400        400        400        400        400        400
        GET /api/v1/transfers/{id}                                401        401        404        404        404        404        404        404        404        404        404        404
        POST /api/v1/transfers/{id}/cancel                        401        401        404        404        404        404        404        404        404        404        404        404
        GET /api/v1/transfers/{id}/items                          401        401        404        404        404        404        404        404        404        404        404        404
        POST /api/v1/transfers/{id}/pause                         401        401        404        404        404        404        404        404        404        404        404        404
        POST /api/v1/transfers/{id}/resume                        401        401        404        404        404        404        404        404        404        404        404        404
        OPTIONS /api/v1/uploads                                   401        401        204        204        204        204        204        204        204        204        204        204
        POST /api/v1/uploads                                      401        401        412        412        412        412        412        412        412        412        412        412
        HEAD /api/v1/uploads/{id}                                 401        401        412        412        412        412        412        412        412        412        412        412
        PATCH /api/v1/uploads/{id}                                401        401        412        412        412        412        412        412        412        412        412        412
        DELETE /api/v1/uploads/{id}                               401        401        412        412        412        412        412        412        412        412        412        412
        GET /api/v1/webhooks                                      401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/webhooks                                     401        401        403        403        403        403        403        400        400        403        403        403
        GET /api/v1/webhooks/{idOrName}                           401        401        403        403        403        403        403        200        200        403        403        403
        PUT /api/v1/webhooks/{idOrName}                           401        401        403        403        403        403        403        400        400        403        403        403
        DELETE /api/v1/webhooks/{idOrName}                        401        401        403        403        403        403        403        204        204        403        403        403
        POST /api/v1/webhooks/{idOrName}/secret                   401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/webhooks/{idOrName}/test                     401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/webhooks/{idOrName}/deliveries                401        401        403        403        403        403        403        200        200        403        403        403
        POST /api/v1/webhooks/{idOrName}/deliveries/again         401        401        403        403        403        403        403        200        200        403        403        403
        GET /api/v1/webhooks/{idOrName}/deliveries/{sentId}       401        401        403        403        403        403        403        404        404        403        403        403
        POST /api/v1/webhooks/{idOrName}/deliveries/{sentId}/again 401        401        403        403        403        403        403        404        404        403        403        403
        GET /api/v1/workloads                                     401        401        403        200        200        200        200        200        200        403        200        200
        POST /api/v1/workloads/apply                              401        401        403        403        403        403        403        400        400        403        400        403
        POST /api/v1/workloads/check                              401        401        403        200        200        200        200        200        200        403        200        200
        GET /api/v1/workloads/{idOrName}                          401        401        403        404        200        404        200        200        200        403        404        200
        PUT /api/v1/workloads/{idOrName}                          401        401        403        403        403        403        403        400        400        403        400        403
        DELETE /api/v1/workloads/{idOrName}                       401        401        403        403        403        403        403        204        204        403        404        403
        GET /api/v1/workloads/{idOrName}/export                   401        401        403        404        200        404        200        200        200        403        404        200
        POST /api/v1/workloads/{idOrName}/move                    401        401        403        403        403        400        400        400        400        403        400        400
        POST /api/v1/workloads/{idOrName}/restart                 401        401        403        403        403        404        409        409        409        403        404        409
        POST /api/v1/workloads/{idOrName}/rollback                401        401        403        403        403        403        403        409        409        403        404        403
        POST /api/v1/workloads/{idOrName}/scale                   401        401        403        403        403        400        400        400        400        403        400        400
        POST /api/v1/workloads/{idOrName}/start                   401        401        403        403        403        404        200        200        200        403        404        200
        POST /api/v1/workloads/{idOrName}/stop                    401        401        403        403        403        404        200        200        200        403        404        200
        GET /api/v1/workloads/{idOrName}/versions                 401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/workloads/{idOrName}/versions/{number}        401        401        403        404        200        404        200        200        200        403        404        200
        GET /api/v1/workloads/{name}/versions/{number}/difference 401        401        403        404        404        404        404        404        404        403        404        404
        COPY /dav/{path}                                          401        401        404        404        403        404        503        503        503        403        404        503
        GET /dav/{path}                                           401        401        404        404        403        404        503        503        503        403        404        503
        HEAD /dav/{path}                                          401        401        404        404        403        404        503        503        503        403        404        503
        LOCK /dav/{path}                                          401        401        404        404        403        404        503        503        503        403        404        503
        MKCOL /dav/{path}                                         401        401        404        404        403        404        503        503        503        403        404        503
        MOVE /dav/{path}                                          401        401        404        404        403        404        503        503        503        403        404        503
        OPTIONS /dav/{path}                                       401        401        200        200        200        200        200        200        200        200        200        200
        PROPFIND /dav/{path}                                      401        401        404        404        403        404        503        503        503        403        404        503
        PROPPATCH /dav/{path}                                     401        401        404        404        403        404        503        503        503        403        404        503
        PUT /dav/{path}                                           401        401        404        404        403        404        503        503        503        403        404        503
        UNLOCK /dav/{path}                                        401        401        404        404        403        404        409        409        409        403        404        409
        DELETE /dav/{path}                                        401        401        404        404        403        404        503        503        503        403        404        503
        """;

    public const string Pages = """
        # door                                                    anon       ended      none       view-there view-here  op-there   op-here    admin      owner      tok-small  tok-there  tok-serv
        /                                                         in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /access/audit                                             in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/grants                                            in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/invitations                                       in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/people                                            in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/people/{Id}                                       in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/requests                                          in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /access/roles                                             in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /access/roles/new                                         in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/roles/{Id}                                        in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /access/sessions                                          in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/teams                                             in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/teams/{Id}                                        in         in         no         no         no         no         no         yes        yes        -          -          -
        /access/tokens                                            in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /account                                                  in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /denied                                                   in         in         no         no         no         no         no         no         no         -          -          -
        /device                                                   in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /devices                                                  in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /devices/enrollment                                       in         in         no         no         no         no         no         yes        yes        -          -          -
        /devices/{Name}                                           in         in         gone       gone       yes        gone       yes        yes        yes        -          -          -
        /devices/{Name}/{Tab}                                     in         in         gone       gone       yes        gone       yes        yes        yes        -          -          -
        /error                                                    yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /environments                                             in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /environments/new                                         in         in         no         no         no         no         no         yes        yes        -          -          -
        /environments/{Id}                                        in         in         no         no         no         gone       yes        yes        yes        -          -          -
        /events                                                   in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /files/{Path}                                             in         in         no         no         no         gone       yes        yes        yes        -          -          -
        /invitation                                               yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /job-runs/{Id}                                            in         in         no         gone       yes        gone       yes        yes        yes        -          -          -
        /jobs                                                     in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /jobs/approvals                                           in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /jobs/new                                                 in         in         no         no         no         no         no         yes        yes        -          -          -
        /jobs/runs                                                in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /jobs/{Id}                                                in         in         no         gone       yes        gone       yes        yes        yes        -          -          -
        /jobs/{Id}/edit                                           in         in         no         no         no         no         no         yes        yes        -          -          -
        /not-found                                                yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /pipelines/new                                            in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /processes                                                in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /recordings                                               in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /recordings/{Id}                                          in         in         no         no         no         gone       yes        yes        yes        -          -          -
        /recover                                                  yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /renew                                                    yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /resources                                                in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /runs                                                     in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /runs/new                                                 in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /runs/{Id}                                                in         in         no         gone       yes        gone       yes        yes        yes        -          -          -
        /alerts                                                   in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /alerts/rules                                             in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /alerts/silences                                          in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /schedules                                                in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /schedules/new                                            in         in         no         no         no         no         no         yes        yes        -          -          -
        /schedules/{Id}                                           in         in         no         gone       yes        gone       yes        yes        yes        -          -          -
        /schedules/windows                                        in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /settings/file-policies                                   in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/file-policies/new                               in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/file-policies/{Id}                              in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/mounts                                          in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/mounts/new                                      in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/mounts/{Id}                                     in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/sandboxes                                       in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /settings/sandboxes/new                                   in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/sandboxes/{Id}                                  in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /settings/sign-in                                         in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/webhooks                                        in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/webhooks/new                                    in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/webhooks/{Id}                                   in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/terminal-policies                               in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/terminal-policies/new                           in         in         no         no         no         no         no         yes        yes        -          -          -
        /settings/terminal-policies/{Id}                          in         in         no         no         no         no         no         yes        yes        -          -          -
        /setup                                                    yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /sign-in                                                  yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /sign-out                                                 yes        yes        yes        yes        yes        yes        yes        yes        yes        -          -          -
        /terminals                                                in         in         no         no         no         yes        yes        yes        yes        -          -          -
        /terminals/{Id}                                           in         in         no         no         no         gone       yes        yes        yes        -          -          -
        /transfers                                                in         in         yes        yes        yes        yes        yes        yes        yes        -          -          -
        /workloads                                                in         in         no         yes        yes        yes        yes        yes        yes        -          -          -
        /workloads/new                                            in         in         no         no         no         no         no         yes        yes        -          -          -
        /workloads/{Name}                                         in         in         no         gone       yes        gone       yes        yes        yes        -          -          -
        /workloads/{Name}/edit                                    in         in         no         no         no         no         no         yes        yes        -          -          -
        """;

    public const string Others = """
        # door                                                    anon       ended      none       view-there view-here  op-there   op-here    admin      owner      tok-small  tok-there  tok-serv
        GET /.well-known/oauth-authorization-server               200        200        200        200        200        200        200        200        200        200        200        200
        GET /_blazor                                              in         in         400        400        400        400        400        400        400        400        400        400
        GET /_blazor/disconnect                                   in         in         405        405        405        405        405        405        405        405        405        405
        GET /_blazor/initializers                                 in         in         200        200        200        200        200        200        200        200        200        200
        GET /_blazor/negotiate                                    in         in         405        405        405        405        405        405        405        405        405        405
        GET /api/favicon.svg                                      200        200        200        200        200        200        200        200        200        200        200        200
        GET /api/scalar.aspnetcore.js                             200        200        200        200        200        200        200        200        200        200        200        200
        GET /api/scalar.js                                        200        200        200        200        200        200        200        200        200        200        200        200
        GET /api/{documentName}                                   200        200        200        200        200        200        200        200        200        200        200        200
        GET /downloads/operone-{rid}                              404        404        404        404        404        404        404        404        404        404        404        404
        GET /health/live                                          200        200        200        200        200        200        200        200        200        200        200        200
        GET /health/ready                                         200        200        200        200        200        200        200        200        200        200        200        200
        GET /hubs/agent                                           401        401        401        401        401        401        401        401        401        401        401        401
        GET /hubs/agent/negotiate                                 401        401        401        401        401        401        401        401        401        401        401        401
        GET /install.ps1                                          200        200        200        200        200        200        200        200        200        200        200        200
        GET /install.sh                                           200        200        200        200        200        200        200        200        200        200        200        200
        GET /metrics                                              200        200        200        200        200        200        200        200        200        200        200        200
        POST /oauth/device_authorization                          400        400        400        400        400        400        400        400        400        400        400        400
        POST /oauth/revoke                                        400        400        400        400        400        400        400        400        400        400        400        400
        POST /oauth/token                                         400        400        400        400        400        400        400        400        400        400        400        400
        GET /openapi/{documentName}.json                          200        200        200        200        200        200        200        200        200        200        200        200
        GET /recordings/{id}/player                               in         in         302        302        302        404        200        200        200        403        404        200
        POST /session/bound/refresh                               401        401        401        401        401        401        401        401        401        401        401        401
        POST /session/bound/start                                 401        401        403        403        403        403        403        403        403        401        401        401
        POST /session/nonce                                       401        401        200        200        200        200        200        200        200        401        401        401
        POST /session/passkey/add                                 401        401        400        400        400        400        400        400        400        403        403        403
        POST /session/passkey/add/options                         401        401        422        422        422        422        422        422        422        403        403        403
        POST /session/passkey/sign-in                             400        400        400        400        400        400        400        400        400        400        400        400
        POST /session/passkey/sign-in/options                     422        422        422        422        422        422        422        422        422        422        422        422
        POST /session/passkey/sign-up/options                     400        400        400        400        400        400        400        400        400        400        400        400
        POST /session/step-up                                     401        401        403        403        403        403        403        403        403        403        403        403
        POST /session/step-up/options                             401        401        422        422        422        422        422        422        422        403        403        403
        GET /sign-in/external                                     in         in         in         in         in         in         in         in         in         in         in         in
        POST /sign-in/with                                        400        400        400        400        400        400        400        400        400        400        400        400
        POST /uploads                                             in         in         412        412        412        412        412        412        412        412        412        412
        HEAD /uploads/{id}                                        in         in         412        412        412        412        412        412        412        412        412        412
        PATCH /uploads/{id}                                       in         in         412        412        412        412        412        412        412        412        412        412
        DELETE /uploads/{id}                                      in         in         412        412        412        412        412        412        412        412        412        412
        GET /{path}                                               in         in         404        404        404        404        404        404        404        404        404        404
        HEAD /{path}                                              in         in         404        404        404        404        404        404        404        404        404        404
        GET /channels/{id}                                        401        401        401        401        401        401        401        401        401        401        401        401
        POST /session/renew                                       401        401        401        401        401        401        401        401        401        401        401        401
        """;

    /// <summary>What a request needs in its body to get as far as the permission; otherwise <c>{}</c>.</summary>
    public static string BodyOf(string door) => door switch
    {
        "POST /api/v1/files:search" => """{"target":{"devices":["here"]},"query":{"name":"x"}}""",
        "POST /api/v1/pipelines" => """{"stages":[{"device":"here","command":"true"},{"device":"here","command":"cat"}]}""",
        "POST /api/v1/runs" => """{"command":"true","target":{"devices":["here"]}}""",
        "LOCK /dav/{path}" => """<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>""",
        "PROPPATCH /dav/{path}" => """<propertyupdate xmlns="DAV:"><set><prop><a xmlns="x:">b</a></prop></set></propertyupdate>""",
        _ => "{}",
    };

    /// <summary>What a request needs besides.</summary>
    public static (string Name, string Value)? HeaderOf(string door) => door switch
    {
        "COPY /dav/{path}" or "MOVE /dav/{path}" => ("Destination", "/dav/devices/here/y"),
        "UNLOCK /dav/{path}" => ("Lock-Token", "<urn:uuid:01a216c9-0000-7000-8000-000000000000>"),
        _ => null,
    };

    /// <summary>The body's media type.</summary>
    public static string TypeOf(string door) => door.Contains("/oauth/", StringComparison.Ordinal) || door.Contains("/sign-in/", StringComparison.Ordinal) ? "application/x-www-form-urlencoded" : "application/json";

    /// <summary>What an address needs after its path.</summary>
    public static string QueryOf(string door) => "";

    /// <summary>Fonts, styles and scripts: anybody's.</summary>
    public static bool IsFile(RouteEndpoint endpoint) =>
        endpoint.Metadata.Any(m => m.GetType().Name is "StaticAssetDescriptor" or "BuildAssetMetadata")
        || (endpoint.RoutePattern.RawText ?? "").Contains("_framework", StringComparison.Ordinal);

    public static Dictionary<string, string[]> Parse(string table) => table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Where(line => line[0] != '#')
        .ToDictionary(line => line[..NameWidth].Trim(), line => line[NameWidth..].Split(' ', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    public static string Write(string door, string[] answers) =>
        door.PadRight(NameWidth) + string.Concat(answers.Select(a => a.PadRight(ColumnWidth))).TrimEnd() + (answers.Length == 0 ? CultureInfo.InvariantCulture.Name : "");
}
