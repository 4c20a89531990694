"""What an execution environment needs besides awslambdaric. Not imported by powertune itself."""
