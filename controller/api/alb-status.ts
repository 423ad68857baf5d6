/** `status.alb` and `status.albs[]` as Argo writes them: which load balancer and target groups an Ingress became. Shapes only. */

export interface AlbStatus {
  readonly loadBalancer: AwsReference
  readonly canaryTargetGroup: AwsReference
  readonly stableTargetGroup: AwsReference
  /** Name of the Ingress. */
  readonly ingress: string
}

/** All are empty while nothing is known. */
export interface AwsReference {
  readonly name: string
  readonly arn: string
  /** As CloudWatch's dimensions have it. */
  readonly fullName: string
}
