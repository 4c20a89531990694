"""What a CodeBuild project that runs ``powertune check`` needs for itself, beside what the check needs."""

from powertune.permissions.statement import Scope, Statement


def build_statements(scope: Scope, project: str, artifacts_bucket: str | None = None) -> tuple[Statement, ...]:
    """To write the build's log, to report its tests, and to take and give artifacts.

    The name of a report group begins with that of the project (AWS docs, codebuild/latest/userguide,
    report-group-naming; what it needs: test-permissions).

    Args:
        scope: where the project is: the account and region of the function, or of the stack where it names one.
        project: the name of the CodeBuild project.
        artifacts_bucket: the pipeline's bucket of artifacts; None where the build is in no pipeline.
    """
    statements = [
        Statement(
            sid="WriteBuildLog",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=(scope.home("logs", f"log-group:/aws/codebuild/{project}:*"),),
            why="The build's own log group.",
        ),
        Statement(
            sid="ReportTests",
            actions=(
                "codebuild:CreateReportGroup",
                "codebuild:CreateReport",
                "codebuild:UpdateReport",
                "codebuild:BatchPutTestCases",
            ),
            resources=(scope.home("codebuild", f"report-group/{project}-*"),),
            why="The metrics of the check are shown as test cases, from its JUnit file.",
        ),
    ]
    if artifacts_bucket is not None:
        statements.append(
            Statement(
                sid="PassArtifacts",
                actions=("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
                resources=(f"arn:{scope.partition}:s3:::{artifacts_bucket}/*",),
                why="The pipeline gives the build its source there, and takes the report from there.",
            )
        )
    return tuple(statements)
