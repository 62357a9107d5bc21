package sim_test

import "strings"

// slip is a place where Zoho's OpenAPI files say otherwise than Zoho's pages and examples. It is mended by
// setting the place to value, by adding value to the list there (…/-), or, without a value, by taking it away.
type slip struct{ file, at, value, why string }

// Why the files are wrong, where one reason goes for several places.
const (
	noStatus   = "the pages and examples have this status, the file leaves it out"
	noCode     = "the pages list this code for the call, the file does not"
	noNull     = "the examples have null here"
	noKey      = "the examples have this key"
	noMessage  = "the file lists some messages, the pages show others"
	lowerCase  = "the file writes this key in lower case"
	eitherForm = "no form has a key that it must have: several fit at once, and one of them is meant"
	atTheTop   = "the examples have this error at the top of the answer, the file has it in a row alone, or the other way round"
)

// slips are all that are known.
func slips() []slip {
	all := append(lockingSlips(), configurationSlips()...)
	return append(all, otherSlips()...)
}

// closed is an object of these keys and no others.
func closed(properties string) string {
	return `{"type":"object","additionalProperties":false,"properties":{` + properties + `}}`
}

// errorForm is Zoho's usual form of an error, with the codes that the place takes.
func errorForm(details string, codes ...string) string {
	form := closed(`"code":{"type":"string","enum":["` + strings.Join(codes, `","`) + `"]},"details":` + details +
		`,"message":{"type":"string"},"status":{"type":"string","enum":["error"]}`)
	return strings.TrimSuffix(form, "}") + `,"required":["code","details","message","status"]}`
}

// withStatus makes the operations at path take a status that is answered with an error of these codes.
func withStatus(file, path, status, details string, codes ...string) slip {
	body := `{"description":"","content":{"application/json":{"schema":` + errorForm(details, codes...) + `}}}`
	return slip{file, "/paths/" + path + "/responses/" + status, body, noStatus}
}

// oneMore makes the answer 400 take an error of another code, or in another place.
func oneMore(file, response, form, why string) slip {
	return slip{file, "/components/responses/" + response + "/content/application~1json/schema/oneOf/-", form, why}
}

// oneOfThese lets several of the forms at the place fit.
func oneOfThese(file, schema string, forms ...string) slip {
	list := make([]string, len(forms))
	for i, form := range forms {
		list[i] = `{"$ref":"#/components/schemas/` + form + `"}`
	}
	return slip{file, "/components/schemas/" + schema + "/properties/details", `{"anyOf":[` + strings.Join(list, ",") + `]}`, eitherForm}
}

const (
	noContent   = `{"description":""}`
	nothingMore = `{"type":"object","additionalProperties":false}`
	pathIndex   = `{"type":"object","additionalProperties":false,"required":["resource_path_index"],"properties":{"resource_path_index":{"type":"integer"}}}`
	anyText     = `{"type":"string"}`
	textOrNull  = `{"type":"string","nullable":true}`
	idAndName   = `"name":{"type":"string"},"id":{"type":"string"}`
)

func lockingSlips() []slip {
	const f, one, list = lockingFile, "~1crm~1v8~1{module_name}~1{record_id}~1Locking_Information__s~1{lock_id}", "~1crm~1v8~1{module_name}~1{record_id}~1Locking_Information__s"
	const lock, info = "/components/schemas/Record_Lock/properties/", "/components/schemas/Info/properties/"
	return []slip{
		{f, "/components/parameters/module_name/schema/enum", "", "many modules can be locked, not Leads alone"},
		{f, "/paths/" + list + "/get/responses/204", noContent, noStatus},
		{f, "/paths/" + one + "/get/responses/204", noContent, noStatus},
		withStatus(f, "*/*", "401", nothingMore, "OAUTH_SCOPE_MISMATCH", "INVALID_TOKEN", "AUTHENTICATION_FAILURE"),
		withStatus(f, "*/*", "403", pathIndex, "NOT_ALLOWED", "NO_PERMISSION"),
		withStatus(f, "*/*", "404", nothingMore, "INVALID_URL_PATTERN"),
		{f, "/paths/*/*/responses/429", `{"description":""}`, "the page about limits has this status for every call, in several forms; the file leaves it out"},
		withStatus(f, "*/*", "500", nothingMore, "INTERNAL_ERROR"),
		{f, "/paths/*/*/responses/502", `{"description":"","content":{"text/html":{}}}`, "a gateway's page, which no file has"},

		{f, lock + "Locked_By__s", `{"type":"object","nullable":true,"additionalProperties":false,"properties":{` + idAndName + `}}`, lowerCase},
		{f, lock + "Locked_For__s", closed(idAndName + `,"module":` + closed(`"api_name":{"type":"string"},"id":{"type":"string"}`)), lowerCase},
		{f, lock + "Locked_Reason__s", textOrNull, lowerCase},
		{f, lock + "Lock_Source__s", `{"type":"string","enum":["Manual","Automatic","Both"]}`, lowerCase + "; and newer files have Both"},
		{f, lock + "Locked_Time__s", `{"type":"string","format":"date-time"}`, lowerCase},
		{f, lock + "Record_Locking_Configuration_Id__s", anyText, lowerCase + ", and calls a number what every example has as text"},
		{f, lock + "Record_Locking_Rule_Id__s", textOrNull, lowerCase + ", and calls a number what every example has as text"},
		{f, lock + "id", anyText, "the file calls a number what every example has as text"},
		{f, lock + "Feature_Type__s", `{"type":"string","enum":["record_locking"]}`, noKey},
		{f, lock + "$editable", `{"type":"boolean"}`, noKey},
		{f, lock + "$sharing_permission", anyText, noKey},
		{f, lock + "$field_states", `{"nullable":true}`, noKey},
		{f, lock + "$zia_visions", `{"nullable":true}`, noKey},
		{f, info + "next_page_token", textOrNull, noNull},
		{f, info + "previous_page_token", textOrNull, noNull},
		{f, info + "page_token_expiry", textOrNull, noNull},
		{f, "/components/schemas/Success_Response/properties/message/enum/-", `"relation updated"`, noMessage},
		{f, "/components/schemas/Success_Response/properties/message/enum/-", `"relation removed"`, noMessage},

		{f, "/components/schemas/INVALID_DATA/properties/message", anyText, noMessage},
		oneOfThese(f, "INVALID_DATA", "Invalid_Param_Name", "Invalid_API_Name", "Maximum_Length", "Expected_Data_Type", "Invalid_ID"),
		{f, "/components/schemas/Required_Param_Missing/properties/details", closed(`"param_name":{"type":"string"}`), "the file has the key param, the examples param_name"},
		oneMore(f, "RError_Response", errorForm(pathIndex, "NOT_ALLOWED"), noCode),
		oneMore(f, "Error_Response", errorForm(pathIndex, "NOT_ALLOWED"), noCode),
		oneMore(f, "Error_Response", errorForm(nothingMore, "FEATURE_NOT_SUPPORTED"), noCode),
		oneMore(f, "Error_Response", errorForm(nothingMore, "NOT_SUPPORTED"), noCode),
		{f, "/components/schemas/Error_Wrapper/properties/data/items/oneOf/-", `{"$ref":"#/components/schemas/MANDATORY_NOT_FOUND"}`, atTheTop},
		{f, "/components/schemas/Error_Wrapper/properties/data/items/oneOf/-", `{"$ref":"#/components/schemas/INVALID_DATA"}`, atTheTop},
	}
}

func configurationSlips() []slip {
	const f, schemas = configurationFile, "/components/schemas/"
	const lock, criteria, user = schemas + "Record_Lock/properties/", schemas + "Criteria/", `"permissions":{"type":"array","items":{"type":"string"}}`
	return []slip{
		{f, "/paths/*/get/responses/204", noContent, noStatus},
		withStatus(f, "*/*", "401", nothingMore, "OAUTH_SCOPE_MISMATCH"),
		{f, "/paths/*/*/responses/403", `{"description":"","content":{"application/json":{"schema":{"oneOf":[` + errorForm(closed(user), "NO_PERMISSION") +
			`,` + errorForm(pathIndex, "NOT_ALLOWED") + `]}}}}`, noStatus},
		withStatus(f, "*/*", "500", nothingMore, "INTERNAL_ERROR"),
		{f, lock + "excluded_fields/nullable", "true", noNull},
		{f, lock + "restricted_custom_buttons/nullable", "true", noNull},
		{f, lock + "restricted_communications/nullable", "true", noNull},
		{f, lock + "restricted_actions/nullable", "true", noNull},
		{f, lock + "lock_excluded_profiles/nullable", "true", noNull},
		{f, lock + "locking_rules/nullable", "true", noNull},
		{f, criteria + "required", "", "a comparison has no group, and a group no comparison"},
		{f, criteria + "properties/field/required", "", "the page takes either of API name and id"},
		{f, criteria + "properties/value", `{}`, "the examples have text here, and lists where the comparator takes several"},
		{f, criteria + "properties/type", `{"type":"string","enum":["value"]}`, noKey},
		{f, schemas + "Success_Response/properties/message/enum/-", `"record locking configuration updated successfully"`, noMessage},
		{f, schemas + "Success_Response/properties/message/enum/-", `"record locking configuration deleted"`, noMessage},

		{f, schemas + "INVALID_DATA/properties/message", anyText, noMessage},
		oneOfThese(f, "INVALID_DATA", "Invalid_Param_Name", "Invalid_API_Name", "Maximum_Length", "Expected_Data_Type", "Invalid_ID", "Supported_Values"),
		{f, schemas + "Limit_Exceeded_2/properties/param_name", anyText, "the file has the key param, the examples param_name"},
		{f, schemas + "Required_Param_Missing/properties/details", closed(`"param_name":{"type":"string"}`), "the file has the key param, the examples param_name"},
		{f, schemas + "Error_Wrapper/properties/record_locking_configurations/items/oneOf/-", errorForm(`{"$ref":"#/components/schemas/Invalid_API_Name"}`, "DUPLICATE_DATA"), noCode},
		oneMore(f, "Error_Response", errorForm(closed(`"param_name":{"type":"string"}`), "NOT_SUPPORTED"), atTheTop),
		oneMore(f, "Error_Response", errorForm(pathIndex, "NOT_ALLOWED"), noCode),
		oneMore(f, "Error_Response", errorForm(nothingMore, "FEATURE_NOT_SUPPORTED"), noCode),
		oneMore(f, "RError_Response", errorForm(nothingMore, "FEATURE_NOT_SUPPORTED"), noCode),
	}
}

func otherSlips() []slip {
	const info = "/components/schemas/Info/properties/"
	return []slip{
		{queryFile, "/paths/*/post/responses/204", noContent, noStatus},
		withStatus(queryFile, "*/*", "401", nothingMore, "OAUTH_SCOPE_MISMATCH"),

		{compositeFile, "/components/schemas/wrapper/properties/parallel_execution", `{"type":"boolean"}`, "later pages call concurrent_execution parallel_execution"},
		{compositeFile, "/components/schemas/wrapper/properties/concurrent_execution/enum", "", "the file takes false alone, the page has true where nothing is said"},
		{compositeFile, "/components/schemas/composite_requests/required", `["method","uri","headers","params","sub_request_id"]`, "the page's parts that read have no body"},

		{recordFile, "/paths/~1crm~1v8~1{module_api_name}/get/responses/204", noContent, noStatus},
		{recordFile, "/paths/~1crm~1v8~1{module_api_name}/post/responses/201", `{"description":"","content":{"application/json":{"schema":{"type":"object"}}}}`, noStatus},
		{recordFile, info + "next_page_token/nullable", "true", noNull},
		{recordFile, info + "previous_page_token/nullable", "true", noNull},
		{recordFile, info + "page_token_expiry/nullable", "true", noNull},
	}
}
