"""What lies outside the clusters and acts on them: the company's pipelines, behind the REST API of GitHub, and the chat of its team."""
