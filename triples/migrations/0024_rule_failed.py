"""The function that a rule calls where it is neither true nor false: it ends the statement."""

from django.db import migrations

# Volatile, or the planner would call it while it simplifies the rule around it.
RULE_FAILED = """
create function instant_rule_failed(etype text, action text) returns boolean
language plpgsql volatile parallel safe as $$
begin
  raise exception using
    errcode = 'IR001',
    message = 'a permission rule has no value',
    detail = jsonb_build_array(etype, action)::text;
end $$;
"""


class Migration(migrations.Migration):
    """Creates the function."""

    dependencies = [("triples", "0023_triples_of_attr")]
    operations = [migrations.RunSQL(RULE_FAILED, "drop function instant_rule_failed")]
