using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class AuditChain : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<Guid>(
                name: "ActorId",
                table: "audit_entries",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "GrantId",
                table: "audit_entries",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "Hash",
                table: "audit_entries",
                type: "bytea",
                maxLength: 32,
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "PreviousHash",
                table: "audit_entries",
                type: "bytea",
                maxLength: 32,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "RequestId",
                table: "audit_entries",
                type: "character varying(64)",
                maxLength: 64,
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Seq",
                table: "audit_entries",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<Guid>(
                name: "SessionId",
                table: "audit_entries",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "TokenId",
                table: "audit_entries",
                type: "uuid",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "audit_anchors",
                columns: table => new
                {
                    Seq = table.Column<long>(type: "bigint", nullable: false),
                    Hash = table.Column<byte[]>(type: "bytea", maxLength: 32, nullable: false),
                    Count = table.Column<long>(type: "bigint", nullable: false),
                    At = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_anchors", x => x.Seq);
                });

            migrationBuilder.CreateTable(
                name: "audit_cursors",
                columns: table => new
                {
                    Sink = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    Seq = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_cursors", x => x.Sink);
                });

            migrationBuilder.CreateTable(
                name: "audit_head",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false),
                    Seq = table.Column<long>(type: "bigint", nullable: false),
                    Hash = table.Column<byte[]>(type: "bytea", maxLength: 32, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_head", x => x.Id);
                });

            // Entries from before get their places here, and their seals when the node starts.
            migrationBuilder.Sql(
                """
                UPDATE audit_entries SET "Seq" = o.n
                FROM (SELECT "Id", row_number() OVER (ORDER BY "Id") AS n FROM audit_entries) AS o
                WHERE o."Id" = audit_entries."Id";
                """);
            migrationBuilder.Sql(
                """
                INSERT INTO audit_head ("Id", "Seq", "Hash")
                SELECT 1, count(*), CASE WHEN count(*) = 0 THEN decode(repeat('00', 32), 'hex') END FROM audit_entries;
                """);

            migrationBuilder.CreateIndex(
                name: "IX_audit_entries_Actor_Id",
                table: "audit_entries",
                columns: new[] { "Actor", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_audit_entries_Seq",
                table: "audit_entries",
                column: "Seq",
                unique: true);

            // Append-only, also for who has the database open.
            migrationBuilder.Sql(
                """
                CREATE FUNCTION audit_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP = 'INSERT' THEN
                        IF NEW."Hash" IS NULL THEN
                            RAISE EXCEPTION 'audit entries are append-only: this one is not sealed';
                        END IF;
                        RETURN NEW;
                    ELSIF TG_OP = 'UPDATE' THEN
                        IF OLD."Hash" IS NOT NULL THEN
                            RAISE EXCEPTION 'audit entries are append-only: a sealed one cannot be changed';
                        END IF;
                        RETURN NEW;
                    ELSIF OLD."Seq" > coalesce((SELECT max("Seq") FROM audit_anchors), 0) THEN
                        RAISE EXCEPTION 'audit entries are append-only: one above the newest anchor cannot be deleted';
                    END IF;
                    RETURN OLD;
                END $$;

                CREATE FUNCTION audit_anchors_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NOT EXISTS (SELECT 1 FROM audit_entries WHERE "Seq" = NEW."Seq" AND "Hash" = NEW."Hash")
                        OR NEW."Seq" <= coalesce((SELECT max("Seq") FROM audit_anchors), 0) THEN
                        RAISE EXCEPTION 'an audit anchor must be an entry above the newest anchor';
                    END IF;
                    RETURN NEW;
                END $$;

                CREATE FUNCTION audit_head_guard() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW."Id" <> OLD."Id" OR NEW."Hash" IS NULL OR NEW."Seq" < OLD."Seq"
                        OR (NEW."Seq" = OLD."Seq" AND OLD."Hash" IS NOT NULL) THEN
                        RAISE EXCEPTION 'the audit chain''s head moves forward alone';
                    END IF;
                    RETURN NEW;
                END $$;

                CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP;
                END $$;

                CREATE TRIGGER audit_entries_guard BEFORE INSERT OR UPDATE OR DELETE ON audit_entries
                    FOR EACH ROW EXECUTE FUNCTION audit_entries_guard();
                CREATE TRIGGER audit_entries_truncate BEFORE TRUNCATE ON audit_entries EXECUTE FUNCTION audit_refuse();
                CREATE TRIGGER audit_anchors_guard BEFORE INSERT ON audit_anchors
                    FOR EACH ROW EXECUTE FUNCTION audit_anchors_guard();
                CREATE TRIGGER audit_anchors_refuse BEFORE UPDATE OR DELETE ON audit_anchors
                    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
                CREATE TRIGGER audit_anchors_truncate BEFORE TRUNCATE ON audit_anchors EXECUTE FUNCTION audit_refuse();
                CREATE TRIGGER audit_head_guard BEFORE UPDATE ON audit_head
                    FOR EACH ROW EXECUTE FUNCTION audit_head_guard();
                CREATE TRIGGER audit_head_refuse BEFORE INSERT OR DELETE ON audit_head
                    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
                CREATE TRIGGER audit_head_truncate BEFORE TRUNCATE ON audit_head EXECUTE FUNCTION audit_refuse();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(
                """
                DROP TRIGGER audit_entries_guard ON audit_entries;
                DROP TRIGGER audit_entries_truncate ON audit_entries;
                """);

            migrationBuilder.DropTable(
                name: "audit_anchors");

            migrationBuilder.DropTable(
                name: "audit_cursors");

            migrationBuilder.DropTable(
                name: "audit_head");

            migrationBuilder.DropIndex(
                name: "IX_audit_entries_Actor_Id",
                table: "audit_entries");

            migrationBuilder.DropIndex(
                name: "IX_audit_entries_Seq",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "ActorId",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "GrantId",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "Hash",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "PreviousHash",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "RequestId",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "Seq",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "SessionId",
                table: "audit_entries");

            migrationBuilder.DropColumn(
                name: "TokenId",
                table: "audit_entries");

            migrationBuilder.Sql("DROP FUNCTION audit_entries_guard, audit_anchors_guard, audit_head_guard, audit_refuse;");
        }
    }
}
