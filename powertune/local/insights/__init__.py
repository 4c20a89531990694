"""The query language of CloudWatch Logs Insights, as far as reading Lambda's logs needs it.

AWS docs, AmazonCloudWatch/latest/logs/CWL_QuerySyntax. What is not here is refused with `MalformedQuery`; nothing
is ever ignored.
"""
