using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Sqlite
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
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "GrantId",
                table: "audit_entries",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "Hash",
                table: "audit_entries",
                type: "BLOB",
                maxLength: 32,
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "PreviousHash",
                table: "audit_entries",
                type: "BLOB",
                maxLength: 32,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "RequestId",
                table: "audit_entries",
                type: "TEXT",
                maxLength: 64,
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Seq",
                table: "audit_entries",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<Guid>(
                name: "SessionId",
                table: "audit_entries",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "TokenId",
                table: "audit_entries",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "audit_anchors",
                columns: table => new
                {
                    Seq = table.Column<long>(type: "INTEGER", nullable: false),
                    Hash = table.Column<byte[]>(type: "BLOB", maxLength: 32, nullable: false),
                    Count = table.Column<long>(type: "INTEGER", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_anchors", x => x.Seq);
                });

            migrationBuilder.CreateTable(
                name: "audit_cursors",
                columns: table => new
                {
                    Sink = table.Column<string>(type: "TEXT", maxLength: 500, nullable: false),
                    Seq = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit_cursors", x => x.Sink);
                });

            migrationBuilder.CreateTable(
                name: "audit_head",
                columns: table => new
                {
                    Id = table.Column<int>(type: "INTEGER", nullable: false),
                    Seq = table.Column<long>(type: "INTEGER", nullable: false),
                    Hash = table.Column<byte[]>(type: "BLOB", maxLength: 32, nullable: true)
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
                SELECT 1, count(*), CASE WHEN count(*) = 0 THEN zeroblob(32) END FROM audit_entries;
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

            // Append-only, also for who has the database open. SQLite's REPLACE deletes without a trigger, hence those on INSERT.
            string[] guards =
            [
                """
                CREATE TRIGGER audit_entries_insert BEFORE INSERT ON audit_entries
                WHEN NEW."Hash" IS NULL
                    OR EXISTS (SELECT 1 FROM audit_entries WHERE "Seq" = NEW."Seq")
                    OR EXISTS (SELECT 1 FROM audit_entries WHERE "Id" = NEW."Id")
                BEGIN SELECT RAISE(ABORT, 'audit entries are append-only: this one is not sealed, or takes another one''s place'); END;
                """,
                """
                CREATE TRIGGER audit_entries_update BEFORE UPDATE ON audit_entries
                WHEN OLD."Hash" IS NOT NULL
                BEGIN SELECT RAISE(ABORT, 'audit entries are append-only: a sealed one cannot be changed'); END;
                """,
                """
                CREATE TRIGGER audit_entries_delete BEFORE DELETE ON audit_entries
                WHEN OLD."Seq" > coalesce((SELECT max("Seq") FROM audit_anchors), 0)
                BEGIN SELECT RAISE(ABORT, 'audit entries are append-only: one above the newest anchor cannot be deleted'); END;
                """,
                """
                CREATE TRIGGER audit_anchors_insert BEFORE INSERT ON audit_anchors
                WHEN NOT EXISTS (SELECT 1 FROM audit_entries WHERE "Seq" = NEW."Seq" AND "Hash" = NEW."Hash")
                    OR NEW."Seq" <= coalesce((SELECT max("Seq") FROM audit_anchors), 0)
                BEGIN SELECT RAISE(ABORT, 'an audit anchor must be an entry above the newest anchor'); END;
                """,
                """
                CREATE TRIGGER audit_anchors_update BEFORE UPDATE ON audit_anchors
                BEGIN SELECT RAISE(ABORT, 'audit anchors are append-only'); END;
                """,
                """
                CREATE TRIGGER audit_anchors_delete BEFORE DELETE ON audit_anchors
                BEGIN SELECT RAISE(ABORT, 'audit anchors are append-only'); END;
                """,
                """
                CREATE TRIGGER audit_head_insert BEFORE INSERT ON audit_head
                BEGIN SELECT RAISE(ABORT, 'the audit chain has one head'); END;
                """,
                """
                CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
                WHEN NEW."Id" <> OLD."Id" OR NEW."Hash" IS NULL OR NEW."Seq" < OLD."Seq" OR (NEW."Seq" = OLD."Seq" AND OLD."Hash" IS NOT NULL)
                BEGIN SELECT RAISE(ABORT, 'the audit chain''s head moves forward alone'); END;
                """,
                """
                CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
                BEGIN SELECT RAISE(ABORT, 'the audit chain''s head stays'); END;
                """,
            ];
            foreach (var guard in guards)
            {
                migrationBuilder.Sql(guard);
            }
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            foreach (var guard in (string[])["insert", "update", "delete"])
            {
                migrationBuilder.Sql($"DROP TRIGGER audit_entries_{guard};");
            }

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
        }
    }
}
