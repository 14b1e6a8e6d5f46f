"""The one GPU step: problems, prompts, engines and the resumable sampler."""
