"""Holds a table in memory that does not fit into the smallest memory sizes."""


def handler(event, context):
    megabytes = int(event.get("megabytes", 300))
    table = [bytes([index % 256]) * (1024 * 1024) for index in range(megabytes)]
    return {"megabytes": len(table), "checksum": sum(row[0] for row in table) % 65536}
