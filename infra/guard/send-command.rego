package vtepwatch.send_command

import rego.v1

# SendCommand runs a script as root on a host. A template may allow it for documents that the same
# template makes, and for hosts that have a tag. Everything else fails the build, above all `*` and
# AWS-RunShellScript, which would make the role root on every host.
#
# The engine resolves pseudo parameters: `{"__dynamic": "Join:arn:...:document/{ref:Probe}"}`.

violation contains diagnostic if {
	some [name, path, statement] in allowing
	some action in listed(statement.Action)
	covers_send_command(action)
	some resource in listed(statement.Resource)
	not is_own_document(resource)
	not is_tagged_host(resource, statement)
	diagnostic := refusal(name, path, sprintf("%v is allowed on %v", [action, json.marshal(resource)]))
}

violation contains diagnostic if {
	some [name, path, statement] in allowing
	some key in ["NotAction", "NotResource"]
	statement[key]
	diagnostic := refusal(name, path, sprintf("%v allows everything that it does not name", [key]))
}

violation contains diagnostic if {
	some name in resources_of_type("AWS::IAM::Role")
	some arn in listed(input.resources[name].properties.ManagedPolicyArns)
	message := sprintf("this rule cannot see what %v allows", [json.marshal(arn)])
	diagnostic := refusal(name, "Properties.ManagedPolicyArns", message)
}

allowing contains [name, path, statement] if {
	some [name, place, document] in documents
	some i, statement in listed(document.Statement)
	statement.Effect == "Allow"
	path := sprintf("%v.Statement.%v", [place, i])
}

documents contains [name, "Properties.PolicyDocument", document] if {
	some name, resource in input.resources
	document := resource.properties.PolicyDocument
}

documents contains [name, place, policy.PolicyDocument] if {
	some name, resource in input.resources
	some i, policy in listed(resource.properties.Policies)
	place := sprintf("Properties.Policies.%v.PolicyDocument", [i])
}

# IAM ignores case, and allows `*` and `?` anywhere in an action.
covers_send_command(action) if regex.match(`(?i)^ssm:(sendcommand|.*[*?].*)$`, action)

covers_send_command(action) if regex.match(`^[^:]*[*?]`, action)

is_own_document(resource) if {
	parts := regex.split(`document/\{ref:|\}$`, resource.__dynamic)
	regex.match(`^Join:arn:[^:]+:ssm:[^:]+:[^:]+:$`, parts[0])
	input.resources[parts[1]].resourceType == "AWS::SSM::Document"
	parts[2] == ""
}

is_tagged_host(resource, statement) if {
	regex.match(`^arn:[^:]+:(ec2:[^:]+:[^:]+:instance|ssm:[^:]+:[^:]+:managed-instance)/`, resource)
	some key, _ in statement.Condition.StringEquals
	startswith(key, "ssm:resourceTag/")
}

listed(value) := value if is_array(value)

listed(value) := [value] if not is_array(value)

refusal(name, path, message) := make_diag_at("send-command", "ERROR", name, path, message)
