/** The fixture of the official suite: what an author writes by hand who offers more than tools. */
import { defineServer } from '#shared'
import * as prompts from './prompts.ts'
import * as resources from './resources.ts'
import confirm_delete from './tools/confirm_delete.ts'
import failing_job from './tools/failing_job.ts'
import greet from './tools/greet.ts'
import json_schema_2020_12_tool from './tools/json_schema_2020_12_tool.ts'
import multi_input from './tools/multi_input.ts'
import protocol_error_job from './tools/protocol_error_job.ts'
import slow_compute from './tools/slow_compute.ts'
import test_audio_content from './tools/test_audio_content.ts'
import test_elicitation from './tools/test_elicitation.ts'
import test_elicitation_sep1034_defaults from './tools/test_elicitation_sep1034_defaults.ts'
import test_elicitation_sep1330_enums from './tools/test_elicitation_sep1330_enums.ts'
import test_embedded_resource from './tools/test_embedded_resource.ts'
import test_error_handling from './tools/test_error_handling.ts'
import test_image_content from './tools/test_image_content.ts'
import test_input_required_result_capabilities from './tools/test_input_required_result_capabilities.ts'
import test_input_required_result_elicitation from './tools/test_input_required_result_elicitation.ts'
import test_input_required_result_list_roots from './tools/test_input_required_result_list_roots.ts'
import test_input_required_result_multi_round from './tools/test_input_required_result_multi_round.ts'
import test_input_required_result_multiple_inputs from './tools/test_input_required_result_multiple_inputs.ts'
import test_input_required_result_request_state from './tools/test_input_required_result_request_state.ts'
import test_input_required_result_sampling from './tools/test_input_required_result_sampling.ts'
import test_input_required_result_tampered_state from './tools/test_input_required_result_tampered_state.ts'
import test_logging_tool from './tools/test_logging_tool.ts'
import test_missing_capability from './tools/test_missing_capability.ts'
import test_multiple_content_types from './tools/test_multiple_content_types.ts'
import test_reconnection from './tools/test_reconnection.ts'
import test_sampling from './tools/test_sampling.ts'
import test_simple_text from './tools/test_simple_text.ts'
import test_streaming_elicitation from './tools/test_streaming_elicitation.ts'
import test_tool_with_logging from './tools/test_tool_with_logging.ts'
import test_tool_with_progress from './tools/test_tool_with_progress.ts'
import test_tool_with_task from './tools/test_tool_with_task.ts'
import test_trigger_prompt_change from './tools/test_trigger_prompt_change.ts'
import test_trigger_tool_change from './tools/test_trigger_tool_change.ts'
import test_x_mcp_header from './tools/test_x_mcp_header.ts'

export default defineServer({
  tools: {
    json_schema_2020_12_tool,
    confirm_delete,
    failing_job,
    greet,
    multi_input,
    protocol_error_job,
    slow_compute,
    test_audio_content,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_embedded_resource,
    test_error_handling,
    test_image_content,
    test_input_required_result_capabilities,
    test_input_required_result_elicitation,
    test_input_required_result_list_roots,
    test_input_required_result_multi_round,
    test_input_required_result_multiple_inputs,
    test_input_required_result_request_state,
    test_input_required_result_sampling,
    test_input_required_result_tampered_state,
    test_logging_tool,
    test_missing_capability,
    test_multiple_content_types,
    test_reconnection,
    test_sampling,
    test_simple_text,
    test_streaming_elicitation,
    test_tool_with_logging,
    test_tool_with_progress,
    test_tool_with_task,
    test_trigger_prompt_change,
    test_trigger_tool_change,
    test_x_mcp_header,
  },
  prompts: { ...prompts },
  resources: { ...resources },
})
